// A GitHub Actions workflow as its rules see it: jobs with the combinations of their matrix, steps
// with their bytes in the file, and the image builds in them, by action or by command.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "lint/shell.h"
#include "lint/source.h"
#include "yaml/yaml.h"

namespace slipway::lint {

using Values =
    std::map<std::string, std::string>;  // of one combination: "platform" -> "linux/arm64"

struct WorkflowStep {
  const yaml::Node* node = nullptr;
  std::string name, uses, run;
  const yaml::Node* with = nullptr;
  size_t begin = 0;    // the first byte of the line with its dash
  size_t end = 0;      // behind its last line that is neither blank nor a comment
  std::string indent;  // in front of the dash

  /// Whether it is the action, in any version: "docker/build-push-action".
  bool is_action(std::string_view action) const;
};

/// An image that a step builds. Values are as written, expressions and all.
struct ImageBuild {
  const WorkflowStep* step = nullptr;
  bool by_action = false;
  std::vector<std::string> platforms;          // empty: that of the runner
  const yaml::Node* platforms_node = nullptr;  // by action
  std::string file, context;
  std::string cache_from, cache_to;
  size_t begin = 0, end = 0;  // what a finding about it marks
};

struct WorkflowJob {
  std::string id;
  const yaml::Node* node = nullptr;
  const yaml::Node* runs_on = nullptr;
  std::vector<std::string> needs;
  std::vector<Values> combinations;  // of the matrix; one without values if there is none
  std::vector<std::string> matrix_keys;
  std::vector<WorkflowStep> steps;
  std::vector<ImageBuild> builds;
  size_t begin = 0;  // of its id

  /// The labels of the runner of one combination, "ubuntu-24.04-arm".
  std::vector<std::string> labels(const Values& values) const;
};

class WorkflowView {
 public:
  explicit WorkflowView(const SourceFile& file);
  WorkflowView(const WorkflowView&) = delete;

  const SourceFile& file() const { return file_; }
  const LineIndex& lines() const { return lines_; }
  const std::optional<Error>& mistake() const { return mistake_; }
  const std::vector<WorkflowJob>& jobs() const { return jobs_; }
  const WorkflowJob* job(std::string_view id) const;
  /// The platforms of a build in one combination, "linux/amd64"; empty if they are the runner's own
  /// or cannot be known.
  std::vector<std::string> platforms(const ImageBuild& build, const Values& values) const;
  /// Whether the platforms are written down or are the runner's, and not asked of something else.
  bool knows_platforms(const ImageBuild& build, const Values& values) const;
  /// Whether a Dockerfile of this run is the one that the build names, from the folder above
  /// .github.
  bool builds_file(const ImageBuild& build, std::string_view dockerfile) const;
  /// "${{ matrix.x }}" and "${{ env.x }}" replaced where they are known.
  std::string filled(std::string text, const Values& values) const;

 private:
  void read_job(const std::string& id, const yaml::Node& key, const yaml::Node& node);
  void read_step(const yaml::Node& node, WorkflowJob& job);
  void find_builds(WorkflowJob& job);

  const SourceFile& file_;
  LineIndex lines_;
  std::optional<Error> mistake_;
  yaml::Document document_;
  std::vector<WorkflowJob> jobs_;
  Values env_;
};

/// "amd64" or "arm64" for the labels of GitHub's own runners and of self-hosted ones that say it;
/// empty if it cannot be known.
std::string runner_architecture(const std::vector<std::string>& labels);
/// One of GitHub's own, which begins empty every time.
bool is_hosted(const std::vector<std::string>& labels);
/// The words of a comma-separated or multi-line value.
std::vector<std::string> list_of(std::string_view text);
/// The value of `key` in "type=local,dest=x"; empty if it is not there.
std::string cache_field(std::string_view spec, std::string_view key);

}  // namespace slipway::lint

// The state of one lowering, shared by lower.cc (stages, bases, targets) and instruction.cc (what each instruction does to
// a stage). Internal to graph/.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/check.h"
#include "dockerfile/mount.h"
#include "graph/graph.h"
#include "graph/lower.h"
#include "graph/outline.h"
#include "graph/scope.h"

namespace slipway::graph {

/// Thrown for several mistakes of one instruction.
struct Several {
  std::vector<Error> errors;
};

/// A stage for one target platform, while its instructions are applied and afterwards.
struct StageState {
  size_t index = 0;
  oci::Platform platform;
  oci::Platform target;  // what the image is for that the stage is needed by
  std::string label;  // name or number, for step names
  StepId files = 0;
  image::Config config;
  Args args;       // the ARGs declared so far
  Args variables;  // what expansion and RUN see: of an ENV and an ARG of one name, the later one
  std::optional<StepId> base;
  std::string base_reference;
  std::vector<StepId> layers;
  bool is_replaced = false;  // a --build-context stands for the whole stage: its instructions do not count
  bool cmd_set = false;  // this Dockerfile set a CMD: ENTRYPOINT no longer resets it
  size_t layer_count = 0, layer_number = 0;  // for "3/7" in names

  /// The base or a part of the stage is not known, so that a variable without value is no mistake.
  bool is_guess = false;
  dockerfile::Checker::StageFacts facts;
  StageNotes notes;
};

class Lowering {
 public:
  Lowering(const dockerfile::Dockerfile& file, const Request& request, Resolver& resolver, Survey* survey, Joint& joint)
      : file_(file), request_(request), resolver_(resolver), survey_(survey), graph_(joint.graph),
        by_identity_(joint.by_identity),
        checker_(file, survey ? survey->checks : dockerfile::CheckOptions{}, survey ? survey->ignore : nullptr) {}

  /// Goes through everything; the graph is only good if there are no problems afterwards.
  void run();
  std::vector<Error> take_problems() { return std::move(problems_); }
  std::vector<Target> take_targets() { return std::exchange(graph_.targets, {}); }

 private:
  using Instruction = dockerfile::Instruction;

  // lower.cc
  void look_around();
  void make_targets();
  const Args& globals(const oci::Platform& target);
  const StageState& stage(size_t index, const oci::Platform& target, const dockerfile::Span& used_at);
  StageState start_stage(size_t index, const oci::Platform& target);
  void start_from_image(StageState& s, const std::string& name, const NamedContext* context, const oci::Platform& target);
  void start_from_target(StageState& s, const NamedContext& context, const dockerfile::Span& at);
  /// What the other build makes for the platform.
  const Target& target_for(const NamedContext& context, const oci::Platform& platform, const dockerfile::Span& at) const;
  void start_from_folder(StageState& s, const std::string& name, const NamedContext& context);
  void apply_triggers(StageState& s, const oci::Platform& target);
  void attempt(StageState& s, const Instruction& in, const oci::Platform& target, const std::string& doing = {});
  void check_base(const std::string& name, const oci::Platform& expected, const image::Config& config,
                  const dockerfile::Span& at);
  StepId image_files(const std::string& name, const oci::Platform& platform, const dockerfile::Span& at);
  StepId context_files(const std::string& name, const std::string& dir, bool is_main);

  // sources.cc
  /// The files of a named context that is not an image.
  StepId named_files(const std::string& name, const NamedContext& context, const dockerfile::Span& at);
  StepId git_files(dockerfile::GitUrl url, bool keep_git_dir, const std::string& name, const dockerfile::Span& at);
  StepId download(const std::string& url, const std::string& checksum, const std::string& name, const std::string& shown,
                  const dockerfile::Span& at);
  /// What a source of ADD that is no path names; nullopt for paths.
  std::optional<Copy::Source> remote_source(const std::string& source, const dockerfile::Add& add, const dockerfile::Span& at);
  StepId add_step(Step step);
  std::string load_name() const;
  std::string step_name(StageState& s, const std::string& text, bool counts);
  Error error(const dockerfile::Span& span, std::string what, std::string hint = {}) const;
  /// An Error from elsewhere, such as a registry's, with the place in the file where it was met.
  Error placed(const dockerfile::Span& at, const Error& e, std::string doing) const;
  std::string location(const dockerfile::Span& span) const;

  // instruction.cc
  /// `words` gets the variables of each of its words.
  void apply(StageState& s, const Instruction& raw, const oci::Platform& target, std::vector<dockerfile::Names>& words);
  void check(StageState& s, const Instruction& in, const std::vector<dockerfile::Names>& words);
  void apply_run(StageState& s, const Instruction& in, std::vector<Mount> mounts);
  void apply_copy(StageState& s, const Instruction& in, const oci::Platform& target);
  void apply_workdir(StageState& s, const Instruction& in);
  void apply_arg(StageState& s, const Instruction& in, const oci::Platform& target,
                 std::vector<dockerfile::Names>& words);
  void add_layer(StageState& s, Step step, const Instruction& in, std::string created_by, const std::string& shown);
  void add_history(StageState& s, std::string created_by, bool empty_layer);
  /// What a `--from` or `from=` names, and the step that has its files.
  StepId source_named(const std::string& from, StageState& user, const oci::Platform& target, const dockerfile::Span& at);
  StepId main_context(const dockerfile::Span& at);
  void want(StepId context_step, const std::string& pattern);

  // mounts.cc
  std::vector<dockerfile::Mount> resolve_mounts(const StageState& s, const Instruction& in,
                                                std::vector<dockerfile::Names>& words);
  std::vector<Mount> lower_mounts(StageState& s, const Instruction& in, const std::vector<dockerfile::Mount>& resolved,
                                  const oci::Platform& target);

  const dockerfile::Dockerfile& file_;
  const Request& request_;
  Resolver& resolver_;
  Survey* const survey_;
  Graph& graph_;
  std::map<std::string, StepId>& by_identity_;
  dockerfile::Checker checker_;
  bool is_checking_ = false;  // for the first platform only: the others would give the same warnings
  std::vector<Error> problems_;
  std::map<std::string, Args> globals_;  // by target platform
  GlobalArgs global_details_;            // for the first platform
  std::map<std::pair<size_t, std::string>, std::unique_ptr<StageState>> stages_;
  std::vector<size_t> in_progress_;  // stages being lowered, outermost first, to notice circles
};

}  // namespace slipway::graph

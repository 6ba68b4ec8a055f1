// The table of rules and what their functions are given.
//
// A rule is a row of data and one function; the functions stand in dockerfile_*.cc, workflow_*.cc,
// compose_*.cc and log_*.cc, by what they read. docs/rules/ has a page for each.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lint/finding.h"
#include "lint/nodes.h"
#include "lint/source.h"

namespace slipway::lint {

class DockerfileView;
class WorkflowView;
class ComposeView;
class LogView;

/// What rules know beyond the file they look at.
struct Facts {
  /// Which platforms a Dockerfile is built for, as far as the flags, the workflows and the compose
  /// files of the same run tell: path -> "linux/arm64" ...
  std::map<std::string, std::set<std::string>> platforms;
  /// Dockerfiles of this run whose foreign platforms need emulation: some RUN is of the target.
  std::map<std::string, bool> needs_emulation;
  std::optional<Nodes> nodes;
  /// The platform on which logs were written, if somebody said it.
  std::string log_platform;
};

struct Rule;

/// Where a rule puts its findings.
class Report {
 public:
  Report(const Rule& rule, const SourceFile& file, const Facts& facts, std::vector<Finding>& out)
      : rule_(rule), file_(file), facts_(facts), out_(out) {}

  const Facts& facts() const { return facts_; }
  const SourceFile& file() const { return file_; }
  /// `anchor` is where the instruction or step around [begin, end) begins.
  void add(size_t anchor, size_t begin, size_t end, std::string message, std::string advice,
           std::vector<Edit> fix = {});

 private:
  const Rule& rule_;
  const SourceFile& file_;
  const Facts& facts_;
  std::vector<Finding>& out_;
};

using DockerfileCheck = void (*)(const DockerfileView&, Report&);
using WorkflowCheck = void (*)(const WorkflowView&, Report&);
using ComposeCheck = void (*)(const ComposeView&, Report&);
using LogCheck = void (*)(const LogView&, Report&);

/// One function for each kind of file that a rule reads; most read one.
struct Checks {
  DockerfileCheck dockerfile = nullptr;
  WorkflowCheck workflow = nullptr;
  ComposeCheck compose = nullptr;
  LogCheck log = nullptr;
};

struct Rule {
  std::string_view id;
  Severity severity = Severity::Warning;
  bool has_fix = false;          // where it is safe
  std::string_view description;  // what it finds, one sentence without a full stop
  Checks checks;
  bool reads_broken_files = false;  // makes sense of a file with mistakes too
};

/// All rules, sorted by id within what they read: Dockerfiles, workflows, compose files, logs.
std::span<const Rule> rules();
/// nullptr for an id that is none.
const Rule* find_rule(std::string_view id);
std::string_view severity_name(Severity severity);

// dockerfile_syntax.cc
void check_syntax(const DockerfileView&, Report&);
void check_lost_continuation(const DockerfileView&, Report&);
// dockerfile_architecture.cc
void check_hard_coded_goarch(const DockerfileView&, Report&);
void check_hard_coded_architecture(const DockerfileView&, Report&);
void check_undeclared_platform_arg(const DockerfileView&, Report&);
// dockerfile_go.cc
void check_emulated_compiler(const DockerfileView&, Report&);
void check_build_platform_output(const DockerfileView&, Report&);
// dockerfile_stages.cc
void check_copy_from_ancestor(const DockerfileView&, Report&);
void check_compiler_in_image(const DockerfileView&, Report&);
// dockerfile_layers.cc
void check_download_after_copy(const DockerfileView&, Report&);
void check_apt_cleaning(const DockerfileView&, Report&);
void check_shared_cache_mount(const DockerfileView&, Report&);
// workflow_runners.cc
void check_unneeded_qemu(const WorkflowView&, Report&);
void check_wrong_runner(const WorkflowView&, Report&);
void check_matrix_and_merge(const WorkflowView&, Report&);
// workflow_caches.cc
void check_cache_never_saved(const WorkflowView&, Report&);
void check_no_cache_between_runs(const WorkflowView&, Report&);
void check_shared_cache_scope(const WorkflowView&, Report&);
// workflow_platforms.cc
void check_workflow_nodes(const WorkflowView&, Report&);
void check_workflow_syntax(const WorkflowView&, Report&);
// compose_platforms.cc
void check_compose_nodes(const ComposeView&, Report&);
void check_compose_syntax(const ComposeView&, Report&);
void check_compose_fixed_platform(const ComposeView&, Report&);
// log_emulation.cc
void check_emulated_steps(const LogView&, Report&);
void check_logged_architecture(const LogView&, Report&);

}  // namespace slipway::lint

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
#include "graph/graph.h"
#include "graph/lower.h"
#include "graph/scope.h"

namespace slipway::graph {

/// A stage for one target platform, while its instructions are applied and afterwards.
struct StageState {
  size_t index = 0;
  oci::Platform platform;
  std::string label;  // name or number, for step names
  StepId files = 0;
  image::Config config;
  Args args;
  std::optional<StepId> base;
  std::string base_reference;
  std::vector<StepId> layers;
  bool cmd_set = false;  // this Dockerfile set a CMD: ENTRYPOINT no longer resets it
  size_t layer_count = 0, layer_number = 0;  // for "3/7" in names
};

class Lowering {
 public:
  Lowering(const dockerfile::Dockerfile& file, const Request& request, Resolver& resolver)
      : file_(file), request_(request), resolver_(resolver) {}

  Graph run();

 private:
  using Instruction = dockerfile::Instruction;

  // lower.cc
  const StageState& stage(size_t index, const oci::Platform& target, const dockerfile::Span& used_at);
  StageState start_stage(size_t index, const oci::Platform& target);
  void start_from_image(StageState& s, const std::string& name);
  StepId image_files(const std::string& name, const oci::Platform& platform, const dockerfile::Span& at);
  StepId context_files(const std::string& name, const std::string& dir, bool is_main);
  StepId add_step(Step step);
  std::string step_name(StageState& s, const std::string& text, bool counts);
  Error error(const dockerfile::Span& span, std::string what, std::string hint = {}) const;
  std::string location(const dockerfile::Span& span) const;

  // instruction.cc
  void apply(StageState& s, const Instruction& raw, const oci::Platform& target);
  void apply_run(StageState& s, const Instruction& in, const oci::Platform& target);
  void apply_copy(StageState& s, const Instruction& in, const oci::Platform& target);
  void apply_workdir(StageState& s, const Instruction& in);
  void apply_arg(StageState& s, const Instruction& in, const Args& globals);
  void add_layer(StageState& s, Step step, const Instruction& in, std::string created_by, const std::string& shown);
  void add_history(StageState& s, std::string created_by, bool empty_layer);
  /// What a `--from` or `from=` names, and the step that has its files.
  StepId source_named(const std::string& from, const StageState& user, const oci::Platform& target,
                      const dockerfile::Span& at);
  StepId main_context(const dockerfile::Span& at);
  void want(StepId context_step, const std::string& pattern);
  std::vector<Mount> lower_mounts(StageState& s, const Instruction& in, const oci::Platform& target);

  const dockerfile::Dockerfile& file_;
  const Request& request_;
  Resolver& resolver_;
  Graph graph_;
  std::map<std::string, StepId> by_identity_;
  std::map<std::pair<size_t, std::string>, std::unique_ptr<StageState>> stages_;
  std::vector<size_t> in_progress_;  // stages being lowered, outermost first, to notice circles
};

}  // namespace slipway::graph

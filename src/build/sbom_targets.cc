#include "build/sbom_targets.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "attest/steps.h"
#include "base/text.h"
#include "build/attestations.h"
#include "dockerfile/parse.h"

namespace slipway::build {
namespace {

constexpr const char* kScanStage = "BUILDKIT_SBOM_SCAN_STAGE";
constexpr const char* kScanContext = "BUILDKIT_SBOM_SCAN_CONTEXT";

/// The value of the last ARG of that name in `instructions`.
std::optional<std::string> declared(const std::vector<dockerfile::Instruction>& instructions,
                                    const std::string& name, const BuildRequest& request) {
  std::optional<std::string> out;
  for (const auto& instruction : instructions) {
    const auto* arg = instruction.as<dockerfile::Arg>();
    if (!arg) continue;
    for (const auto& item : arg->items) {
      if (item.name != name) continue;
      const auto given = request.build_args.find(name);
      out = given != request.build_args.end() ? given->second : item.value.value_or("");
    }
  }
  return out;
}

bool is_enabled(const std::string& stage, const std::string& value) {
  const std::string lower = to_lower(value);
  if (lower == "true" || lower == "1") return true;
  return std::ranges::any_of(split(value, ','),
                             [&](const auto& name) { return to_lower(trim(name)) == stage; });
}

std::string name_of(const dockerfile::Dockerfile& file, size_t stage) {
  return file.stages[stage].name().empty() ? fmt::format("stage-{}", stage)
                                           : file.stages[stage].name();
}

}  // namespace

std::vector<SbomExtra> sbom_extras(const std::string& dockerfile, const BuildRequest& request,
                                   const graph::Graph& graph, const graph::Target& target) {
  if (!dockerfile.contains("BUILDKIT_SBOM_SCAN_")) return {};
  const dockerfile::Dockerfile file = dockerfile::parse(dockerfile, "Dockerfile");
  const auto found = dockerfile::find_stage(file, request.target, file.stages.size());
  const size_t final = !request.target.empty() && found ? *found : file.stages.size() - 1;
  const auto wants = [&](size_t stage, const char* name) {
    // As in BuildKit: what the stage says replaces what stands before the first FROM.
    auto value = declared(file.stages[stage].instructions, name, request);
    if (!value) value = declared(file.global_args, name, request);
    return value && is_enabled(name_of(file, stage), *value);
  };
  std::map<std::string, size_t> stages;
  for (size_t i = 0; i < file.stages.size(); ++i)
    if (i != final && wants(i, kScanStage)) stages[name_of(file, i)] = i;
  const bool wants_context = wants(final, kScanContext);

  // The last step of a stage has its files: inputs come before their users.
  std::map<std::string, graph::StepId> steps;
  for (const auto id : attest::steps_of(graph, target).order) {
    const graph::Step& step = graph.steps[id];
    if (stages.contains(step.stage)) steps[step.stage] = id;
    const auto* context = step.as<graph::ContextFiles>();
    if (wants_context && context && graph.contexts[context->context].is_main) steps["context"] = id;
  }
  std::vector<SbomExtra> out;
  for (const auto& [name, id] : steps) out.push_back({name, id});
  return out;
}

std::vector<graph::StepId> sbom_steps(const std::string& dockerfile, const BuildRequest& request,
                                      const graph::Graph& graph) {
  if (!attest_wishes(request).sbom) return {};
  std::set<graph::StepId> out;
  for (const auto& target : graph.targets)
    for (const auto& extra : sbom_extras(dockerfile, request, graph, target))
      out.insert(extra.files);
  return {out.begin(), out.end()};
}

}  // namespace slipway::build

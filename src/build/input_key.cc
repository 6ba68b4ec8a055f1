// What a step's files depend on, as a key that is known without running anything: what each step says, down to base images and
// the files of contexts. Coarser than cache keys, which look at what steps have made.
#include <fmt/core.h>

#include "build/step_runner.h"
#include "graph/definition.h"
#include "source/hash_files.h"

namespace slipway::build {

std::optional<std::string> StepRunner::input_key(Id id) {
  if (const auto it = input_keys_.find(id); it != input_keys_.end()) return it->second;
  const graph::Step& step = graph_.steps[id];
  auto& out = input_keys_[id];
  if (step.no_cache) return out = std::nullopt;
  plan::Key key("input");
  if (step.as<graph::Download>() || step.as<graph::GitCheckout>() || step.as<graph::Snapshot>()) {
    resolve(id);
    return out = key.add("source", results_[id].key).hex();
  }
  if (step.as<graph::ContextFiles>()) return out = "context";  // by what is read of it
  key.add(graph::definition(step));
  if (step.as<graph::Run>()) key.add(surroundings(id));
  const auto add = [&](const std::string& label, Id input) {
    const auto part = input_key(input);
    if (part) key.add(label, *part);
    return part.has_value();
  };
  if (step.parent && !add("parent", *step.parent)) return out = std::nullopt;
  const auto context = [&](Id input) {
    const bool is_context = graph_.steps[input].as<graph::ContextFiles>();
    if (is_context && !results_[input].is_done) resolve(input);
    return is_context;
  };
  if (const auto* copy = step.as<graph::Copy>()) {
    const auto excludes = dockerfile::IgnoreFile::from_patterns(copy->excludes);
    for (size_t i = 0; i < copy->sources.size(); ++i) {
      const auto& source = copy->sources[i];
      if (!context(source.input)) {
        if (!add(fmt::format("source {}", i), source.input)) return input_keys_[id] = std::nullopt;
        continue;
      }
      const tree::View view = layers_.view_files(results_[source.input].stack, {});
      for (auto& pick : tree::pick(view, source.path, copy->parents, excludes)) {
        pick.files = source::with_digests(std::move(pick.files), options_.threads, stop_);
        key.add(fmt::format("content {} {}", i, pick.path), tree::tree_digest(*pick.files).hex());
      }
    }
  }
  if (const auto* run = step.as<graph::Run>())
    for (size_t i = 0; i < run->mounts.size(); ++i) {
      const auto& mount = run->mounts[i];
      if (!mount.from) continue;
      if (!context(*mount.from)) {
        if (!add(fmt::format("mount {}", i), *mount.from)) return input_keys_[id] = std::nullopt;
      } else if (const auto content = mount_content(mount)) {
        key.add(fmt::format("mounted content {}", i), *content);
      }
    }
  return input_keys_[id] = key.hex();
}

}  // namespace slipway::build

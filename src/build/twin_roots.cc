// Looking the base image up for this machine. A twin is a help, not a need: what goes wrong here costs time, not the build.
#include "build/twin_roots.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/text.h"

namespace slipway::build {

namespace {

/// Whether the command names a tool that installs packages of a distribution.
bool installs_packages(const graph::Run& run) {
  static constexpr std::array kTools = {"apt-get", "apt", "aptitude", "dpkg", "apk", "dnf", "microdnf", "yum"};
  std::string words = " " + join(run.argv, " ") + " ";
  for (char& c : words)
    if (std::string_view(";&|()\n\t'\"").contains(c)) c = ' ';
  return std::ranges::any_of(kTools, [&](const char* tool) { return words.contains(fmt::format(" {} ", tool)); });
}

}  // namespace

std::optional<graph::StepId> step_in_lockstep(const graph::Graph& graph, const oci::Platform& host, graph::StepId step) {
  if (oci::runs_natively(host, graph.steps[step].platform)) return std::nullopt;
  for (std::optional<graph::StepId> at = step; at; at = graph.steps[*at].parent) {
    const graph::Step& foreign = graph.steps[*at];
    const auto* const run = foreign.as<graph::Run>();
    if (!run || !installs_packages(*run)) continue;
    for (graph::StepId id = 0; id < step; ++id) {
      const graph::Step& other = graph.steps[id];
      const auto* const native = other.as<graph::Run>();
      if (native && oci::runs_natively(host, other.platform) && other.location == foreign.location &&
          other.stage == foreign.stage && native->argv == run->argv)
        return id;
    }
  }
  return std::nullopt;
}

std::optional<TwinRoots::Found> TwinRoots::of_base(const std::string& reference, const oci::Platform& platform,
                                                   const Layers::Progress& progress) {
  return find(reference + " " + platform.str(), platform, progress, [&] {
    const auto image = images_.find(reference, host_, false, stop_, [](const std::string&) {});
    return base_stack(image.origin, image.manifest.layers, image.config.diff_ids);
  });
}

std::optional<TwinRoots::Found> TwinRoots::of_step(const std::string& key, const Stack& stack, const oci::Platform& platform,
                                                   const Layers::Progress& progress) {
  return find(key + " " + platform.str(), platform, progress, [&] { return stack; });
}

std::optional<TwinRoots::Found> TwinRoots::find(const std::string& key, const oci::Platform& platform,
                                                const Layers::Progress& progress, const std::function<Stack()>& stack) {
  const std::lock_guard one_at_a_time(mutex_);
  auto known = roots_.find(key);
  if (known == roots_.end()) {
    std::shared_ptr<twins::TwinRoot> root;
    try {
      root = make(stack(), platform, progress);
    } catch (const Error&) {
      // No such image for this machine, or none with a root that has twins.
    }
    known = roots_.emplace(key, std::move(root)).first;
  }
  if (!known->second) return std::nullopt;
  return Found{known->second, 0};
}

std::shared_ptr<twins::TwinRoot> TwinRoots::make(const Stack& stack, const oci::Platform& platform,
                                                 const Layers::Progress& progress) {
  const auto directories = layers_.directories(stack, progress);
  if (directories.empty() || !twins::this_host()) return nullptr;
  scratch_.push_back(std::make_unique<os::TempDir>(store_.scratch_dir(), "twin-"));
  return std::make_shared<twins::TwinRoot>(directories, scratch_.back()->path(), platform.arch);
}

}  // namespace slipway::build

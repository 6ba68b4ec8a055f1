// Looking the base image up for this machine. A twin is a help, not a need: what goes wrong here costs time, not the build.
#include "build/twin_roots.h"

#include "base/error.h"

namespace slipway::build {

std::optional<TwinRoots::Found> TwinRoots::of_base(const std::string& reference, const oci::Platform& platform,
                                                   const Layers::Progress& progress) {
  const std::lock_guard one_at_a_time(mutex_);
  const std::string key = reference + " " + platform.str();
  auto known = roots_.find(key);
  if (known == roots_.end()) {
    std::shared_ptr<twins::TwinRoot> root;
    try {
      const auto image = images_.find(reference, host_, false, stop_, [](const std::string&) {});
      root = make(base_stack(image.origin, image.manifest.layers, image.config.diff_ids), platform, progress);
    } catch (const Cancelled&) {
      throw;
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

// Base images for the graph, as source/ finds them; fetched side by side ahead of time.
#pragma once

#include <future>
#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "graph/lower.h"
#include "seams/observer.h"
#include "source/image.h"

namespace slipway::build {

class ImageResolver : public graph::Resolver {
 public:
  ImageResolver(source::Images& images, seams::Observer& observer, bool pull, std::stop_token stop)
      : images_(images), observer_(observer), pull_(pull), stop_(std::move(stop)) {}

  void prefetch(const std::vector<std::pair<std::string, oci::Platform>>& wanted) {
    for (const auto& [name, platform] : wanted)
      pending_[{name, platform.str()}] =
          std::async(wanted.size() > 1 ? std::launch::async : std::launch::deferred,
                     [this, name = name, platform = platform] { return find(name, platform); });
  }

  graph::ResolvedImage image(const std::string& name, const oci::Platform& platform) override {
    const auto key = std::pair(name, platform.str());
    if (const auto it = found_.find(key); it != found_.end()) return it->second;
    const auto pending = pending_.find(key);
    return found_[key] = pending == pending_.end() ? find(name, platform) : pending->second.get();
  }

 private:
  graph::ResolvedImage find(const std::string& name, const oci::Platform& platform) {
    const source::FoundImage found =
        images_.find(name, platform, pull_, stop_, [this](const std::string& text) { observer_.on_warning(text, ""); });
    return {.image = {.reference = found.reference,
                      .origin = found.origin,
                      .manifest = found.manifest_descriptor.digest,
                      .layers = found.manifest.layers,
                      .diff_ids = found.config.diff_ids},
            .config = found.config};
  }

  source::Images& images_;
  seams::Observer& observer_;
  bool pull_;
  std::stop_token stop_;
  std::map<std::pair<std::string, std::string>, std::future<graph::ResolvedImage>> pending_;
  std::map<std::pair<std::string, std::string>, graph::ResolvedImage> found_;
};

}  // namespace slipway::build

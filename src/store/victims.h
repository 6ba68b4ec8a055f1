// What prune removes: a pure function of an inventory, the options and the time.
//
// Three groups, in this order. Strays and blobs that nothing refers to always go. Then what was not
// used for long enough: layers (with every record that names them), records, cache mounts, stamps,
// and images if all of them are up for removal. Then, if there is a ceiling, the least recently
// used of what is left, images last, until the rest fits. What a live process holds never goes, nor
// what it needs.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "store/inventory.h"
#include "store/store.h"

namespace slipway::store {

/// Cache that was used in the last week is what PruneOptions calls that of recent builds.
inline constexpr int64_t kRecentSeconds = int64_t{7} * 24 * 3600;

/// Indices into the inventory, ascending.
struct Victims {
  std::set<size_t> layers, records, images, mounts, stamps;
  std::set<std::string> blobs;  // hex
  bool empty() const {
    return layers.empty() && records.empty() && images.empty() && mounts.empty() &&
           stamps.empty() && blobs.empty();
  }
};

Victims choose_victims(const Inventory& inventory, const PruneOptions& options, int64_t time);

/// What may not go because a live process uses it or, unless `images_too`, because an image needs
/// it.
struct Needed {
  std::set<std::string> blobs;
  std::set<size_t> layers;
};
Needed needed(const Inventory& inventory, bool images_too);

}  // namespace slipway::store

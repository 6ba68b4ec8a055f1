// What prune removes: a pure function of an inventory, the options and the time.
//
// Three groups, in this order. Strays and blobs that nothing refers to always go. Then what was not
// used for long enough: layers (with every record that names them), records, cache mounts, stamps,
// and images if all of them are up for removal. Then, if there is a ceiling, what is left in the
// order of its worth until the rest fits: what would be made again fastest for its size goes first,
// records (which free next to nothing) and then images last. What a live process holds never goes,
// nor what it needs.
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

/// What it would take to make a thing again. Measured for RUN steps and the mounts that they fill;
/// a base image's layer is fetched again and a COPY computed again, at the speeds assumed here.
double rebuild_seconds(const Inventory& inventory, const Inventory::Layer& layer);
double rebuild_seconds(const Inventory::Mount& mount);

/// Worth of a thing for the order of removal: the binary logarithm of the seconds to rebuild it for
/// each MiB, one less for each week in which it was not used.
int worth(double seconds, uint64_t bytes, int64_t unused_seconds);

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

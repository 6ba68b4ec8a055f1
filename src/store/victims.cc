#include "store/victims.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace slipway::store {
namespace {

enum class Kind { Layer, Record, Mount, Stamp, Image };

/// One thing that can go by itself.
struct Candidate {
  Kind kind;
  size_t at;
  int64_t last_used;
  uint64_t bytes;  // of its own, without blobs
  int worth = 0;
};

/// Bytes a second that a base image comes back with, and that COPY makes a layer with.
constexpr double kFetchSpeed = 25e6, kCopySpeed = 200e6;
/// Of cache mounts and results of RUN steps about which nothing was noted.
constexpr double kUnknownSpeed = 2e6;
/// Asking a registry, scanning a context: what it costs whatever the size.
constexpr double kLeastSeconds = 0.05;

class Chooser {
 public:
  Chooser(const Inventory& inventory, const PruneOptions& options, int64_t time)
      : inventory_(inventory), options_(options), time_(time), left_(inventory.total_bytes()) {
    for (const auto& stray : inventory.strays) left_ -= stray.bytes;
    protected_ = needed(inventory, options.all);
    count_references();
    list_candidates();
  }

  Victims choose() {
    for (const auto& [hex, blob] : inventory_.blobs)
      if (!references_.contains(hex)) drop_blob(hex);
    const int64_t newest = newest_to_go();
    for (const Candidate& each : candidates_)
      if (each.last_used <= newest) drop(each);
    if (options_.max_bytes)
      for (const Candidate& each : candidates_) {
        if (left_ <= *options_.max_bytes) break;
        drop(each);
      }
    return std::move(out_);
  }

 private:
  int64_t newest_to_go() const {
    if (options_.unused_for) return time_ - *options_.unused_for;
    if (options_.max_bytes) return std::numeric_limits<int64_t>::min();
    if (options_.all) return std::numeric_limits<int64_t>::max();
    return time_ - kRecentSeconds;
  }

  void count_references() {
    for (const auto& hex : protected_.blobs) ++references_[hex];
    for (const auto& image : inventory_.images)
      for (const auto& hex : inventory_.reachable({image.digest})) ++references_[hex];
    for (const auto& record : inventory_.records)
      for (const auto& hex : inventory_.reachable(record.blobs)) ++references_[hex];
    for (const auto& layer : inventory_.layers)
      for (const auto& hex : layer.blobs) ++references_[hex];
  }

  // A layer was used when one of its records was: finding the record is what keeps the layer alive.
  void list_candidates() {
    std::vector<int64_t> layer_used;
    records_of_.resize(inventory_.layers.size());
    for (const auto& layer : inventory_.layers) layer_used.push_back(layer.last_used);
    for (size_t i = 0; i < inventory_.records.size(); ++i) {
      const auto& record = inventory_.records[i];
      for (const size_t layer : record.layers) {
        records_of_[layer].push_back(i);
        layer_used[layer] = std::max(layer_used[layer], record.last_used);
      }
      if (!record.held) candidates_.push_back({Kind::Record, i, record.last_used, record.bytes, 0});
    }
    for (size_t i = 0; i < inventory_.layers.size(); ++i) {
      const auto& layer = inventory_.layers[i];
      if (!protected_.layers.contains(i))
        candidates_.push_back(
            {Kind::Layer, i, layer_used[i], layer.directory_bytes + layer.tree_bytes,
             worth(rebuild_seconds(inventory_, layer), layer_bytes(layer), time_ - layer_used[i])});
    }
    for (size_t i = 0; i < inventory_.mounts.size(); ++i)
      if (const auto& mount = inventory_.mounts[i]; !mount.held)
        candidates_.push_back({Kind::Mount, i, mount.last_used, mount.bytes,
                               worth(rebuild_seconds(mount), mount.bytes, time_ - mount.last_used)});
    for (size_t i = 0; i < inventory_.stamps.size(); ++i)
      candidates_.push_back({Kind::Stamp, i, inventory_.stamps[i].last_used,
                             inventory_.stamps[i].bytes,
                             worth(kLeastSeconds, inventory_.stamps[i].bytes,
                                   time_ - inventory_.stamps[i].last_used)});
    if (options_.all)
      for (size_t i = 0; i < inventory_.images.size(); ++i)
        if (const auto& image = inventory_.images[i]; !protected_.blobs.contains(image.digest))
          candidates_.push_back({Kind::Image, i, image.made, 0, 0});
    // Of things of equal worth and age the larger go first, so that fewer go.
    const auto group = [](const Candidate& each) {
      return each.kind == Kind::Image ? 2 : each.kind == Kind::Record ? 1 : 0;
    };
    std::sort(candidates_.begin(), candidates_.end(), [&](const auto& a, const auto& b) {
      return std::tuple(group(a), a.worth, a.last_used, b.bytes, a.kind, a.at) <
             std::tuple(group(b), b.worth, b.last_used, a.bytes, b.kind, b.at);
    });
  }

  /// With the blobs, which go when nothing else refers to them.
  uint64_t layer_bytes(const Inventory::Layer& layer) const {
    uint64_t bytes = layer.directory_bytes + layer.tree_bytes;
    for (const auto& hex : layer.blobs)
      if (const auto blob = inventory_.blobs.find(hex); blob != inventory_.blobs.end())
        bytes += blob->second.bytes;
    return bytes;
  }

  void drop(const Candidate& each) {
    switch (each.kind) {
      case Kind::Layer:
        return drop_layer(each.at, each.bytes);
      case Kind::Record:
        return drop_record(each.at);
      case Kind::Image:
        return drop_image(each.at);
      case Kind::Mount:
        if (out_.mounts.insert(each.at).second) left_ -= each.bytes;
        return;
      case Kind::Stamp:
        if (out_.stamps.insert(each.at).second) left_ -= each.bytes;
        return;
    }
  }

  void drop_layer(size_t at, uint64_t bytes) {
    if (!out_.layers.insert(at).second) return;
    left_ -= bytes;
    for (const size_t record : records_of_[at]) drop_record(record);
    for (const auto& hex : inventory_.layers[at].blobs) unreference(hex);
  }

  void drop_record(size_t at) {
    if (!out_.records.insert(at).second) return;
    for (const auto& hex : inventory_.reachable(inventory_.records[at].blobs)) unreference(hex);
  }

  void drop_image(size_t at) {
    if (!out_.images.insert(at).second) return;
    for (const auto& hex : inventory_.reachable({inventory_.images[at].digest})) unreference(hex);
  }

  void unreference(const std::string& hex) {
    const auto count = references_.find(hex);
    if (count != references_.end() && --count->second == 0) drop_blob(hex);
  }

  void drop_blob(const std::string& hex) {
    const auto blob = inventory_.blobs.find(hex);
    if (blob != inventory_.blobs.end() && out_.blobs.insert(hex).second)
      left_ -= blob->second.bytes;
  }

  const Inventory& inventory_;
  const PruneOptions& options_;
  const int64_t time_;
  uint64_t left_;  // bytes that stay
  Needed protected_;
  std::map<std::string, size_t> references_;     // by hex digest
  std::vector<std::vector<size_t>> records_of_;  // by layer
  std::vector<Candidate> candidates_;            // first to go first
  Victims out_;
};

}  // namespace

double rebuild_seconds(const Inventory& inventory, const Inventory::Layer& layer) {
  if (layer.cost_ms > 0) return static_cast<double>(layer.cost_ms) / 1000;
  uint64_t bytes = layer.directory_bytes;
  for (const auto& hex : layer.blobs)
    if (const auto blob = inventory.blobs.find(hex); blob != inventory.blobs.end())
      bytes = std::max(bytes, blob->second.bytes);
  const double speed = layer.id.starts_with("run:")    ? kUnknownSpeed
                       : layer.id.starts_with("diff:") ? kFetchSpeed
                                                       : kCopySpeed;
  return kLeastSeconds + static_cast<double>(bytes) / speed;
}

double rebuild_seconds(const Inventory::Mount& mount) {
  if (mount.cost_ms > 0) return static_cast<double>(mount.cost_ms) / 1000;
  return kLeastSeconds + static_cast<double>(mount.bytes) / kUnknownSpeed;
}

int worth(double seconds, uint64_t bytes, int64_t unused_seconds) {
  constexpr double kWeek = 7.0 * 24 * 3600;
  const double size = std::max(1.0, static_cast<double>(bytes)) / (1 << 20);
  const double weeks = static_cast<double>(std::max<int64_t>(0, unused_seconds)) / kWeek;
  return static_cast<int>(std::floor(std::log2(std::max(seconds, 1e-3) / size) - weeks));
}

Needed needed(const Inventory& inventory, bool images_too) {
  Needed out;
  std::vector<std::string> roots;
  if (!images_too)
    for (const auto& image : inventory.images) roots.push_back(image.digest);
  for (const auto& [hex, blob] : inventory.blobs)
    if (blob.held) roots.push_back(hex);
  for (size_t i = 0; i < inventory.layers.size(); ++i)
    if (inventory.layers[i].held) out.layers.insert(i);
  for (const auto& record : inventory.records) {
    if (!record.held) continue;
    out.layers.insert(record.layers.begin(), record.layers.end());
    roots.insert(roots.end(), record.blobs.begin(), record.blobs.end());
  }
  for (const size_t layer : out.layers)
    roots.insert(roots.end(), inventory.layers[layer].blobs.begin(),
                 inventory.layers[layer].blobs.end());
  for (const auto& hex : inventory.reachable(roots)) out.blobs.insert(hex);
  return out;
}

Victims choose_victims(const Inventory& inventory, const PruneOptions& options, int64_t time) {
  return Chooser(inventory, options, time).choose();
}

}  // namespace slipway::store

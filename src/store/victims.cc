#include "store/victims.h"

#include <algorithm>
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
};

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
      if (!record.held) candidates_.push_back({Kind::Record, i, record.last_used, record.bytes});
    }
    for (size_t i = 0; i < inventory_.layers.size(); ++i) {
      const auto& layer = inventory_.layers[i];
      if (!protected_.layers.contains(i))
        candidates_.push_back(
            {Kind::Layer, i, layer_used[i], layer.directory_bytes + layer.tree_bytes});
    }
    for (size_t i = 0; i < inventory_.mounts.size(); ++i)
      if (const auto& mount = inventory_.mounts[i]; !mount.held)
        candidates_.push_back({Kind::Mount, i, mount.last_used, mount.bytes});
    for (size_t i = 0; i < inventory_.stamps.size(); ++i)
      candidates_.push_back(
          {Kind::Stamp, i, inventory_.stamps[i].last_used, inventory_.stamps[i].bytes});
    if (options_.all)
      for (size_t i = 0; i < inventory_.images.size(); ++i)
        if (const auto& image = inventory_.images[i]; !protected_.blobs.contains(image.digest))
          candidates_.push_back({Kind::Image, i, image.made, 0});
    // Of equally old things the larger go first, so that fewer go. A layer goes before records of
    // its age: they would go with it.
    std::sort(candidates_.begin(), candidates_.end(), [](const auto& a, const auto& b) {
      return std::tuple(a.kind == Kind::Image, a.last_used, b.bytes, a.kind, a.at) <
             std::tuple(b.kind == Kind::Image, b.last_used, a.bytes, b.kind, b.at);
    });
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

// Everything in a store as plain data, for du and prune: what there is, what it takes on disk, what
// refers to what, and what a live process uses. Decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/impl.h"

namespace slipway::store {

/// All sizes are disk blocks in bytes, all times seconds since the epoch. `held`: a live process
/// uses it.
struct Inventory {
  struct Blob {
    uint64_t bytes = 0;
    int64_t made = 0;
    bool held = false;
    std::vector<std::string> children;  // of a manifest or index: the blobs it names
  };
  struct Layer {
    std::string id;
    std::optional<int64_t> directory;
    uint64_t directory_bytes = 0, tree_bytes = 0;
    std::vector<std::string> blobs;
    int64_t last_used = 0;
    int64_t cost_ms = 0;  // to make it again; 0 = not known
    bool held = false;
  };
  struct Entry {  // a record
    std::string key;
    uint64_t bytes = 0;  // of the row
    int64_t last_used = 0;
    bool held = false;
    std::vector<size_t> layers;      // that its value names
    std::vector<std::string> blobs;  // that its value names
  };
  struct Tag {  // an image
    std::string name;
    std::string digest;
    int64_t made = 0;
  };
  struct Mount {  // an instance of a cache mount
    std::string id;
    std::string path;  // its lock is `path` + ".lock"
    uint64_t bytes = 0;
    int64_t last_used = 0;
    int64_t cost_ms = 0;  // to fill it again; 0 = not known
    bool held = false;
  };
  struct File {
    std::string path;
    uint64_t bytes = 0;
    int64_t last_used = 0;
  };

  std::map<std::string, Blob> blobs;  // by hex digest
  std::vector<Layer> layers;
  std::vector<Entry> records;
  std::vector<Tag> images;
  std::vector<Mount> mounts;
  std::vector<File> stamps;
  std::vector<File> strays;    // belong to nothing: left by a crash or a lost database
  uint64_t scratch_bytes = 0;  // what live processes are making
  uint64_t other_bytes = 0;    // the database, index.json, locks, leases, directories themselves

  uint64_t total_bytes() const;
  /// `digests` and all that their documents name, as far as the store has it.
  std::vector<std::string> reachable(const std::vector<std::string>& digests) const;
};

/// Measures the directories that nobody has measured yet: may take long, and needs no lock because
/// published directories do not change.
void measure_layers(Store::Impl& store);
/// Under the exclusive prune lock if something is to be removed by it.
Inventory take_inventory(Store::Impl& store);

/// What the value of a record names: layer ids ("tree:", "run:", "diff:") and "sha256:" digests (as
/// hex), each once, sorted. Values belong to other rooms; only these two spellings are known here.
struct References {
  std::vector<std::string> layer_ids;
  std::vector<std::string> digests;
};
References references_in(std::string_view value);

}  // namespace slipway::store

// The reading side of travelling caches: all `--cache-from` of a build as one. Their ledgers are
// read in the background while the build begins; a blob moves when somebody needs its bytes.
//
// A cache that cannot be read, or is not what it should be, is left out with a warning: a build
// never fails because of a cache.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "remote_cache/backend.h"
#include "store/store.h"

namespace slipway::remote_cache {

/// A layer that the build has counted on cannot be had after all. No failure of the build: it
/// starts again without that layer. Never seen by a user.
class LayerLost : public std::exception {
 public:
  const char* what() const noexcept override { return "a layer of the cache cannot be had"; }
};

/// One `--cache-from`.
struct Source {
  std::unique_ptr<Backend> backend;
  std::vector<std::string> mounts;  // ids of cache mounts to restore; "all"
};

class Imports {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// Starts reading the ledgers. `warn` is called from any thread.
  Imports(store::Store& store, std::vector<Source> sources, Warn warn, std::stop_token stop);
  ~Imports();

  bool empty() const { return sources_.empty(); }

  /// The record of the first cache that has one which `accept` takes. Waits for the ledgers.
  std::optional<Record> find(const std::string& key,
                             const std::function<bool(const Record&)>& accept);
  /// The blob of a layer, if a cache has it and has not lost it. It may not be in the store yet.
  std::optional<store::LayerBlob> layer(const std::string& id);
  /// Fetches the layer's blob into the store, verified. Throws LayerLost.
  void fetch(const std::string& id, const store::LayerBlob& blob, const Progress& progress);

  /// The snapshot that the first cache has of a mount whose id was asked for, and where it is.
  struct FoundMount {
    const Mount* mount = nullptr;
    Backend* backend = nullptr;
  };
  std::optional<FoundMount> mount(const std::string& id);

  /// "host/repository" of the caches that are in registries: blobs can be mounted from there.
  std::vector<std::string> repositories;

  /// How many layers were lost so far.
  size_t lost() const;
  /// Nothing more will be read.
  void release();

 private:
  struct Loaded {
    Backend* backend = nullptr;
    std::vector<std::string> mounts;
    std::optional<Ledger> ledger;
  };
  const std::vector<Loaded>& loaded();

  store::Store& store_;
  const Warn warn_;
  const std::stop_token stop_;
  std::vector<Source> sources_;
  std::vector<std::future<std::optional<Ledger>>> pending_;
  std::once_flag once_;
  std::vector<Loaded> loaded_;
  mutable std::mutex mutex_;    // guards lost_
  std::set<std::string> lost_;  // layer ids
};

/// True if `id` is meant by a list of mount ids: "all", the id itself, or the target of a mount
/// that was given no id (whose id is TARGET@PLATFORM).
bool names_mount(const std::vector<std::string>& ids, const std::string& id);

}  // namespace slipway::remote_cache

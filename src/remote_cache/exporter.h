// The writing side of one travelling cache (`--cache-to`): first the blobs that are not there yet,
// then the ledger, merged with what others have put there meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "remote_cache/backend.h"

namespace slipway::remote_cache {

/// A blob to be exported; `bring` makes the file at `path` if it is not there yet.
struct Parcel {
  oci::Descriptor blob;
  std::string path;
  std::function<void()> bring;
};

struct Exported {
  size_t blobs = 0;    // that moved
  uint64_t bytes = 0;  // of them
};

struct Limits {
  uint64_t max_bytes = 0;
  bool reset = false;  // what is there now is forgotten
  unsigned parallel = 4;
};

class Exporter {
 public:
  explicit Exporter(std::unique_ptr<Backend> backend, Limits limits)
      : backend_(std::move(backend)), limits_(limits) {}

  const std::string& name() const { return backend_->name(); }
  Backend& backend() { return *backend_; }
  const Ledger& ledger() const { return ledger_; }

  /// What is there now: an empty ledger if that is nothing, or cannot be read and will be replaced
  /// (then `warn` is told why). Throws NewerCache, and Error if the place cannot be asked.
  const Ledger& look(const std::function<void(const std::string&)>& warn, std::stop_token stop);

  /// Moves the blobs that are not there. After look().
  void upload(const std::vector<Parcel>& parcels,
              const std::function<void(const std::string&, uint64_t, uint64_t)>& progress,
              std::stop_token stop);
  /// Replaces the ledger by its merger with `ours`, as often as others are faster. `parcels`: all
  /// that `ours` names, in case that somebody's eviction took some of it meanwhile.
  void publish(const Ledger& ours, const std::vector<Parcel>& parcels, std::stop_token stop);

  const Exported& moved() const { return moved_; }

 private:
  std::unique_ptr<Backend> backend_;
  const Limits limits_;
  Ledger ledger_;
  std::string version_;
  Exported moved_;
};

}  // namespace slipway::remote_cache

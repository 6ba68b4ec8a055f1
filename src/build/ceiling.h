// The ceiling of the store (--max-store): what a build does so that the store never takes more disk
// than it may, as far as what is in use allows.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "oci/digest.h"
#include "seams/observer.h"
#include "store/store.h"

namespace slipway::build {

/// Shrinks the store at `root` to `limit` bytes of disk. Images may take half of that, the newest
/// first; then goes what is cheapest to make again for its size (store/victims.h), images last.
/// `spared` are the images that were just made; they and what running builds use stay, and
/// a warning says so where that is more than the limit. A failure is a warning, too: the build is
/// done.
void keep_below(const std::string& root, uint64_t limit, const std::vector<oci::Digest>& spared,
                seams::Observer& observer);

/// Watches the disk while a build runs: once as much was written as there was room below the limit,
/// what nobody uses goes. Cheap while nothing is written (one statvfs now and then).
class CeilingWatch {
 public:
  CeilingWatch(store::Store& store, uint64_t limit);
  ~CeilingWatch();
  CeilingWatch(const CeilingWatch&) = delete;
  CeilingWatch& operator=(const CeilingWatch&) = delete;

 private:
  void run(std::stop_token stop);
  /// Measures, prunes where that is too much, and says how much may still be written.
  uint64_t make_room();

  store::Store& store_;
  uint64_t limit_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace slipway::build

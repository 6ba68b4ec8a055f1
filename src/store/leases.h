// What live processes use, so that prune leaves it alone. Each process holds a lock on a file of
// its own under leases/ and appends a mark for each thing it uses the first time; a file whose lock
// is free belongs to the dead, and what they left half made goes with it.
//
// The order that makes this safe: a user writes its mark first, under the shared prune lock, and
// then looks whether the thing is there. Prune reads the marks and takes things away under the
// exclusive prune lock. So a mark is either seen, or its writer sees that the thing has gone.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "oci/digest.h"
#include "os/fd.h"
#include "store/files.h"
#include "store/store.h"

namespace slipway::store {

using Marks = std::set<std::string>;

// The marks: one letter, then what it is about.
std::string blob_mark(const oci::Digest& digest);
std::string layer_mark(std::string_view layer_id);
std::string record_mark(std::string_view key);
std::string directory_mark(int64_t number);  // a directory that is being made

class Lease {
 public:
  explicit Lease(const Layout& layout);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  /// Keeps prune away from the thing from now until the process ends. Thread-safe. Never to be
  /// called while this thread holds the prune lock.
  void hold(const std::string& mark);
  bool holds(const std::string& mark) const;

  /// The directory under tmp/ that lives as long as the lease, and a new name in it.
  const std::string& scratch() const { return scratch_; }
  std::string scratch_name();
  const std::string& name() const { return name_; }

 private:
  const Layout& layout_;
  std::string name_, path_, scratch_;
  os::UniqueFd file_, prune_lock_;
  mutable std::mutex mutex_;  // guards the next two, and the two files
  std::unordered_set<std::string> held_;
  off_t written_ = 0;
  // Not under the mutex: prune asks for names while it has the prune lock, which a thread that
  // holds the mutex may be waiting for.
  std::atomic<unsigned> names_ = 0;
};

/// All marks of processes that live, this one included. Under the exclusive prune lock.
/// `known_dead`: leases that the caller has locked itself because their owners are dead.
Marks marks_of_the_living(const Layout& layout, const std::set<std::string>& known_dead = {});

/// Removes what dead processes left: directories that they never published, their tmp/ directory,
/// their lease. What cannot be removed (owned by ids of a namespace that we are not in) stays for a
/// later call. Cheap when nobody died: one listing and a lock attempt for each live process.
void sweep_the_dead(const Layout& layout, Lease& own,
                    const std::function<bool(int64_t number)>& is_published);

}  // namespace slipway::store

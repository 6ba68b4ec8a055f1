// Advisory locks on files. flock belongs to the open file, so two opens exclude each other between
// threads as between processes, and the kernel drops the lock of a process that dies.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "store/store.h"

namespace slipway::store {

enum class LockKind { Shared, Exclusive };

/// The lock if nobody holds it against us right now. The file is made if missing; `remove_after`
/// removes it on release, for locks that are named by what they guard.
std::optional<Lock> try_lock(const std::string& path, LockKind kind, bool remove_after = false);
/// Waits. Throws Cancelled when `stop` is asked for.
Lock lock_file(const std::string& path, LockKind kind, std::stop_token stop,
               bool remove_after = false);
/// Waits for a lock that is only ever held for moments.
Lock lock_briefly(const std::string& path, LockKind kind);

}  // namespace slipway::store

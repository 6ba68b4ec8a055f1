// Advisory locks on files (flock) and on single bytes of one file (fcntl, "open file description"
// locks). Both belong to the open file, so two opens exclude each other between threads as between
// processes, and the kernel drops the locks of a process that dies.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "store/store.h"

namespace slipway::store {

enum class LockKind { Shared, Exclusive };

/// The lock if nobody holds it against us right now. The file is made if missing. Whoever removes
/// such a file does so while holding the lock.
std::optional<Lock> try_lock(const std::string& path, LockKind kind);
/// Waits. Throws Cancelled when `stop` is asked for.
Lock lock_file(const std::string& path, LockKind kind, std::stop_token stop);
/// Waits for a lock that is only ever held for moments.
Lock lock_briefly(const std::string& path, LockKind kind);

/// A lock on one byte of the file at `path`, far beyond its end: thousands of keys share one file
/// that stays empty, and nothing has to be made or removed. The byte is the key's hash.
std::optional<Lock> try_lock_key(const std::string& path, std::string_view key);

}  // namespace slipway::store

// Cache mounts: mounts/<hash of the id>/<instance>, each instance with a lock file beside it that
// is held while the mount is in use, whatever the sharing: prune takes the same lock.
//
// As in BuildKit all ways of sharing draw from the same instances: what one build left in a private
// mount is found by the next, and who cannot share an instance takes the next one.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "os/fs.h"
#include "store/impl.h"
#include "store/locks.h"

namespace slipway::store {
namespace {

/// Whoever looks whether an instance is in use (du, prune) holds its lock for microseconds: that is
/// no reason to start with an empty one.
std::optional<Lock> try_for_a_moment(const std::string& path, LockKind kind) {
  constexpr int kTries = 4;
  for (int attempt = 1;; ++attempt) {
    if (auto lock = try_lock(path, kind)) return lock;
    if (attempt == kTries) return std::nullopt;
    ::usleep(1000);
  }
}

}  // namespace

Store::CacheMount Store::open_cache_mount(const std::string& id, Sharing sharing,
                                          std::stop_token stop) {
  return open_instance(impl_->layout.mount(id), id, sharing, stop);
}

Store::CacheMount Store::open_clone(const std::string& remote, std::stop_token stop) {
  return open_instance(impl_->layout.clone(remote), "git " + remote, Sharing::Locked, stop);
}

Store::CacheMount Store::open_instance(const std::string& base, const std::string& id,
                                       Sharing sharing, std::stop_token stop) {
  while (true) {
    if (::mkdir(base.c_str(), 0755) != 0 && errno != EEXIST)
      throw errno_error("create directory", base);
    if (!os::exists(base + "/id")) {
      // Prune may take away a mount without instances; then the loop makes it again.
      try {
        replace_file(impl_->scratch_file(), base + "/id", id);
      } catch (const Error&) {
        if (!os::is_directory(base)) continue;
        throw;
      }
    }
    for (int instance = 0;; ++instance) {
      const std::string path = base + "/" + std::to_string(instance);
      const std::string lock_path = path + ".lock";
      const LockKind kind = sharing == Sharing::Shared ? LockKind::Shared : LockKind::Exclusive;
      std::optional<Lock> lock;
      try {
        if (sharing == Sharing::Locked)
          lock = lock_file(lock_path, kind, stop);
        else
          lock = try_for_a_moment(lock_path, kind);
      } catch (const Error&) {
        if (!os::is_directory(base)) break;
        throw;
      }
      if (!lock) continue;
      touch(lock_path);
      if (::mkdir(path.c_str(), 0755) == 0)
        ::chmod(path.c_str(), 0755);
      else if (errno != EEXIST)
        throw errno_error("create directory", path);
      return {.path = path, .lock = std::move(*lock)};
    }
  }
}

}  // namespace slipway::store

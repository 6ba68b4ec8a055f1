#include "store/locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "os/fd.h"
#include "store/impl.h"

namespace slipway::store {
namespace {

using namespace std::chrono_literals;
constexpr auto kFirstWait = 5ms;
constexpr auto kLongestWait = 50ms;

/// Whoever released a lock may have removed its file between our open and our flock: then we hold a
/// lock on nothing, while others lock the file that has the name now.
bool has_name(int fd) {
  struct stat st{};
  return ::fstat(fd, &st) == 0 && st.st_nlink > 0;
}

std::optional<Lock> attempt(const std::string& path, int operation, bool remove_after) {
  while (true) {
    os::UniqueFd fd = os::open_file(path, O_RDWR | O_CREAT, 0600);
    while (::flock(fd.get(), operation) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno != EINTR) throw errno_error("lock", path);
    }
    if (has_name(fd.get())) return Lock(fd.release(), remove_after ? path : std::string());
  }
}

int operation_of(LockKind kind) { return kind == LockKind::Shared ? LOCK_SH : LOCK_EX; }

}  // namespace

std::optional<Lock> try_lock(const std::string& path, LockKind kind, bool remove_after) {
  return attempt(path, operation_of(kind) | LOCK_NB, remove_after);
}

Lock lock_file(const std::string& path, LockKind kind, std::stop_token stop, bool remove_after) {
  std::mutex mutex;
  std::condition_variable_any waiter;
  for (std::chrono::milliseconds wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
    if (stop.stop_requested()) throw Cancelled();
    if (auto lock = try_lock(path, kind, remove_after)) return std::move(*lock);
    std::unique_lock guard(mutex);
    waiter.wait_for(guard, stop, wait, [] { return false; });
  }
}

Lock lock_briefly(const std::string& path, LockKind kind) {
  return std::move(*attempt(path, operation_of(kind), false));
}

Lock& Lock::operator=(Lock&& other) noexcept {
  if (this != &other) {
    Lock old(std::exchange(fd_, -1), std::exchange(path_, {}));
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::exchange(other.path_, {});
  }
  return *this;
}

Lock::~Lock() {
  if (fd_ < 0) return;
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(fd_);
}

Lock Store::lock_key(const std::string& key, std::stop_token stop) {
  return lock_file(impl_->layout.key_lock(key), LockKind::Exclusive, stop, true);
}

}  // namespace slipway::store

#include "store/locks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "base/error.h"
#include "base/text.h"
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

std::optional<Lock> attempt(const std::string& path, int operation) {
  while (true) {
    os::UniqueFd fd = os::open_file(path, O_RDWR | O_CREAT, 0600);
    while (::flock(fd.get(), operation) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      if (errno != EINTR) throw errno_error("lock", path);
    }
    if (has_name(fd.get())) return Lock(fd.release());
  }
}

/// Tries until it works, less and less often.
Lock wait_for(std::stop_token stop, const std::function<std::optional<Lock>()>& attempt_once) {
  std::mutex mutex;
  std::condition_variable_any waiter;
  for (std::chrono::milliseconds wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
    if (stop.stop_requested()) throw Cancelled();
    if (auto lock = attempt_once()) return std::move(*lock);
    std::unique_lock guard(mutex);
    waiter.wait_for(guard, stop, wait, [] { return false; });
  }
}

int operation_of(LockKind kind) { return kind == LockKind::Shared ? LOCK_SH : LOCK_EX; }

}  // namespace

std::optional<Lock> try_lock(const std::string& path, LockKind kind) {
  return attempt(path, operation_of(kind) | LOCK_NB);
}

Lock lock_file(const std::string& path, LockKind kind, std::stop_token stop) {
  return wait_for(stop, [&] { return try_lock(path, kind); });
}

std::optional<Lock> try_lock_key(const std::string& path, std::string_view key) {
  os::UniqueFd fd = os::open_file(path, O_RDWR | O_CREAT, 0600);
  struct flock range{};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  // 60 bits of the hash: two keys of one store never meet.
  range.l_start = static_cast<off_t>(*parse_u64(short_hash(key).substr(0, 15), 16));
  range.l_len = 1;
  while (::fcntl(fd.get(), F_OFD_SETLK, &range) != 0) {
    if (errno == EAGAIN || errno == EACCES) return std::nullopt;
    if (errno != EINTR) throw errno_error("lock a key in", path);
  }
  return Lock(fd.release());
}

Lock lock_briefly(const std::string& path, LockKind kind) {
  return std::move(*attempt(path, operation_of(kind)));
}

Lock& Lock::operator=(Lock&& other) noexcept {
  if (this != &other) {
    const Lock old(std::exchange(fd_, std::exchange(other.fd_, -1)));
  }
  return *this;
}

// Closing alone would leave the lock with a child that was forked meanwhile and has not run its
// program yet.
Lock::~Lock() {
  if (fd_ < 0) return;
  struct flock everything{};
  everything.l_type = F_UNLCK;
  everything.l_whence = SEEK_SET;
  (void)::fcntl(fd_, F_OFD_SETLK, &everything);
  (void)::flock(fd_, LOCK_UN);
  ::close(fd_);
}

Lock Store::lock_key(const std::string& key, std::stop_token stop) {
  return wait_for(stop, [&] { return try_lock_key(impl_->layout.key_locks(), key); });
}

}  // namespace slipway::store

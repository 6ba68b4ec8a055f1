#include "os/fd.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/error.h"

namespace slipway::os {

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

UniqueFd open_file(const std::string& path, int flags, mode_t mode) { return open_at(AT_FDCWD, path, flags, mode); }

UniqueFd open_at(int dir, const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(::openat(dir, path.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw errno_error((flags & O_CREAT) ? "create" : "open", path);
  return fd;
}

void write_all(int fd, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      throw errno_error("write");
    }
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
}

void write_all(int fd, std::string_view bytes) {
  write_all(fd, std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

size_t read_some(int fd, std::span<uint8_t> into) {
  while (true) {
    const ssize_t n = ::read(fd, into.data(), into.size());
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) throw errno_error("read");
  }
}

std::string read_all(int fd) {
  std::string out;
  std::vector<uint8_t> buffer(64 * 1024);
  while (const size_t n = read_some(fd, buffer)) out.append(reinterpret_cast<const char*>(buffer.data()), n);
  return out;
}

uint64_t copy_bytes(int from, int to, int64_t length) {
  uint64_t total = 0;
  bool in_kernel = true;
  std::vector<uint8_t> buffer;
  while (length < 0 || total < static_cast<uint64_t>(length)) {
    const size_t want = length < 0 ? size_t{1} << 26
                                   : std::min<uint64_t>(size_t{1} << 26, static_cast<uint64_t>(length) - total);
    if (in_kernel) {
      const ssize_t n = ::copy_file_range(from, nullptr, to, nullptr, want, 0);
      if (n > 0) {
        total += static_cast<uint64_t>(n);
        continue;
      }
      // 0 at the very start may also mean a file system that cannot (procfs): the plain loop decides.
      if (n == 0 && total > 0) break;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == ENOSPC) throw errno_error("write");
      in_kernel = false;
      buffer.resize(256 * 1024);
    }
    const size_t n = read_some(from, std::span(buffer.data(), std::min(want, buffer.size())));
    if (n == 0) break;
    write_all(to, std::span<const uint8_t>(buffer.data(), n));
    total += n;
  }
  return total;
}

}  // namespace slipway::os

// Owning file descriptors. Everything is opened O_CLOEXEC: a descriptor reaches a child only on purpose.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace slipway::os {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// Opens or throws Error "cannot open PATH: ...". O_CLOEXEC is added.
UniqueFd open_file(const std::string& path, int flags, mode_t mode = 0644);
UniqueFd open_at(int dir, const std::string& path, int flags, mode_t mode = 0644);

/// Both write or read everything, through short counts and EINTR. read_some returns 0 at the end.
void write_all(int fd, std::span<const uint8_t> bytes);
void write_all(int fd, std::string_view bytes);
size_t read_some(int fd, std::span<uint8_t> into);
std::string read_all(int fd);

/// Copies `length` bytes (or to the end if negative) between descriptors at their offsets, inside the kernel where it
/// can (copy_file_range, reflinks), else through a buffer. Returns the bytes copied.
uint64_t copy_bytes(int from, int to, int64_t length = -1);

}  // namespace slipway::os

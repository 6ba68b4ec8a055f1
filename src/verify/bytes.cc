#include "verify/bytes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace slipway::verify {

size_t MemoryBytes::read(uint64_t offset, std::span<uint8_t> into) const {
  if (offset >= head_.size()) return 0;
  const size_t n = std::min<uint64_t>(into.size(), head_.size() - offset);
  std::memcpy(into.data(), head_.data() + offset, n);
  return n;
}

DiskBytes::DiskBytes(const std::string& path) : fd_(os::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)) {
  struct stat st{};
  if (::fstat(fd_.get(), &st) != 0) throw errno_error("inspect", path);
  size_ = S_ISREG(st.st_mode) ? static_cast<uint64_t>(st.st_size) : 0;
}

size_t DiskBytes::read(uint64_t offset, std::span<uint8_t> into) const {
  size_t done = 0;
  while (done < into.size() && offset + done < size_) {
    const ssize_t n = ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error("read");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

size_t PartBytes::read(uint64_t offset, std::span<uint8_t> into) const {
  if (offset >= size_) return 0;
  return whole_.read(offset_ + offset, into.first(std::min<uint64_t>(into.size(), size_ - offset)));
}

}  // namespace slipway::verify

#include "attest/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace slipway::attest {

size_t MemoryBytes::read(uint64_t offset, std::span<uint8_t> into) {
  if (offset >= bytes_.size()) return 0;
  const size_t count = std::min<uint64_t>(into.size(), bytes_.size() - offset);
  std::memcpy(into.data(), bytes_.data() + offset, count);
  return count;
}

DiskBytes::DiskBytes(const std::string& path) : fd_(os::open_file(path, O_RDONLY | O_NOFOLLOW)) {
  struct stat st{};
  if (::fstat(fd_.get(), &st) != 0) throw errno_error("look at", path);
  size_ = static_cast<uint64_t>(st.st_size);
}

size_t DiskBytes::read(uint64_t offset, std::span<uint8_t> into) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = ::pread(fd_.get(), into.data() + done, into.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error("read a file of the image");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

std::string read_whole(FileBytes& file) {
  std::string out(file.size(), '\0');
  out.resize(file.read(0, std::span(reinterpret_cast<uint8_t*>(out.data()), out.size())));
  return out;
}

}  // namespace slipway::attest

// One file of an image, read from front to back: from disk, from memory, or as it comes out of a
// layer's blob. That is all a scanner may ask for, so that no base image has to be unpacked for it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "os/fd.h"

namespace slipway::attest {

class FileBytes {
 public:
  virtual ~FileBytes() = default;
  /// Bytes in the file.
  virtual uint64_t size() const = 0;
  /// Fills `into` from `offset` on; fewer bytes only at the end of the file. `offset` is never
  /// before the end of the last read.
  virtual size_t read(uint64_t offset, std::span<uint8_t> into) = 0;
};

class MemoryBytes : public FileBytes {
 public:
  explicit MemoryBytes(std::string_view bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  size_t read(uint64_t offset, std::span<uint8_t> into) override;

 private:
  std::string_view bytes_;
};

class DiskBytes : public FileBytes {
 public:
  /// Throws Error if the file cannot be opened; a link at `path` is refused.
  explicit DiskBytes(const std::string& path);
  uint64_t size() const override { return size_; }
  size_t read(uint64_t offset, std::span<uint8_t> into) override;

 private:
  os::UniqueFd fd_;
  uint64_t size_ = 0;
};

/// The whole file. The caller has looked at its size.
std::string read_whole(FileBytes& file);

}  // namespace slipway::attest

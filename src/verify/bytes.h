// The bytes of one file in any order: from memory, from disk, or a part of another file. What the readers of ELF files
// and zip archives are given.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "os/fd.h"

namespace slipway::verify {

class Bytes {
 public:
  virtual ~Bytes() = default;
  virtual uint64_t size() const = 0;
  /// Fills `into` from `offset` on and returns how many bytes there were: fewer only where the bytes at hand end.
  virtual size_t read(uint64_t offset, std::span<uint8_t> into) const = 0;
};

/// The first bytes of a file of `size` bytes, perhaps all of them. `head` must outlive it.
class MemoryBytes : public Bytes {
 public:
  explicit MemoryBytes(std::span<const uint8_t> head) : MemoryBytes(head, head.size()) {}
  MemoryBytes(std::span<const uint8_t> head, uint64_t size) : head_(head), size_(size) {}
  uint64_t size() const override { return size_; }
  size_t read(uint64_t offset, std::span<uint8_t> into) const override;

 private:
  std::span<const uint8_t> head_;
  uint64_t size_;
};

class DiskBytes : public Bytes {
 public:
  /// Throws Error if `path` cannot be opened; a link there is refused.
  explicit DiskBytes(const std::string& path);
  uint64_t size() const override { return size_; }
  size_t read(uint64_t offset, std::span<uint8_t> into) const override;

 private:
  os::UniqueFd fd_;
  uint64_t size_ = 0;
};

/// `size` bytes of `whole` from `offset` on. `whole` must outlive it.
class PartBytes : public Bytes {
 public:
  PartBytes(const Bytes& whole, uint64_t offset, uint64_t size) : whole_(whole), offset_(offset), size_(size) {}
  uint64_t size() const override { return size_; }
  size_t read(uint64_t offset, std::span<uint8_t> into) const override;

 private:
  const Bytes& whole_;
  uint64_t offset_, size_;
};

}  // namespace slipway::verify

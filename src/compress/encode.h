// Blocks in, independent gzip members or zstd frames out. Concatenated in order they are one valid
// stream, so blocks can be compressed on any number of threads and the result depends on the bytes
// and the level alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "compress/decode.h"

namespace slipway::compress {

/// gzip: libdeflate's level 4 is within 3 % of the size of Go's gzip at its default, at three to
/// four times the speed of one core. zstd: the level that everybody's default is.
inline constexpr int kDefaultGzipLevel = 4;
inline constexpr int kDefaultZstdLevel = 3;

/// How many bytes each block but the last has. Part of the format: another size gives other blobs.
size_t block_size(Format format);

/// Throws Error naming the range unless gzip's level is 0-9 or zstd's 1-22.
void check_level(Format format, int level);

class BlockEncoder {
 public:
  virtual ~BlockEncoder() = default;
  /// Appends one member or frame for `block` (at most block_size() bytes; an empty one makes a
  /// valid empty stream).
  virtual void encode(std::span<const uint8_t> block, std::vector<uint8_t>& out) = 0;
  /// The most that encode() appends for `bytes` bytes.
  virtual size_t bound(size_t bytes) const = 0;
};

/// An encoder for one thread at a time, to be used for many blocks. Format::Gzip, Format::Zstd or
/// Format::Plain (copies).
std::unique_ptr<BlockEncoder> make_encoder(Format format, int level);

/// True if a sample says that compressing `block` is a waste of time. Depends on the bytes alone.
/// Exposed for tests.
bool looks_incompressible(std::span<const uint8_t> block);

}  // namespace slipway::compress

// Compressed bytes in, plain bytes out, a piece at a time: the reading side of layers, archives and
// contexts.
//
// Memory is bounded (about 100 KiB for gzip and bzip2's 4 MB at most; zstd windows up to 128 MiB,
// xz up to 128 MiB, more is an Error), the amount of output is not: the caller stops reading when
// it has had enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace slipway::compress {

enum class Format { Plain, Gzip, Zstd, Xz, Bzip2 };

/// Bytes of a stream's beginning that detect() wants to see; fewer are fine where the stream has no
/// more.
inline constexpr size_t kDetectBytes = 6;

/// By magic number (RFC 1952, RFC 8878, the xz and bzip2 formats); Plain if it is none of them.
Format detect(std::span<const uint8_t> head);
std::string_view name(Format format);

/// Fills the front of the span and returns how many bytes; 0 only at the end (the span is never
/// empty).
using Source = std::function<size_t(std::span<uint8_t>)>;

class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Like a Source: at least one byte, or 0 at the end of everything. Concatenated members and
  /// frames read as one stream, zero bytes after the last are padding. Throws Error "damaged gzip
  /// data ..." for anything wrong, a stream that ends early or a checksum that does not match
  /// included.
  virtual size_t read(std::span<uint8_t> into) = 0;
};

std::unique_ptr<Decoder> make_decoder(Format format, Source source);

/// Looks at the beginning of `source` and decodes accordingly. `found`, if given, says what it was.
std::unique_ptr<Decoder> make_decoder(Source source, Format* found = nullptr);

}  // namespace slipway::compress

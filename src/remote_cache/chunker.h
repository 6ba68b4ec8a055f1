// Where the pieces of a file end, decided by its content: after a change in the middle of a large
// file the pieces before and behind it are the same as before. FastCDC with normalised chunking
// (Xia et al. 2016) over a gear hash. Part of the format: other numbers give other pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slipway::remote_cache {

inline constexpr size_t kMinChunk = size_t{32} << 10;
inline constexpr size_t kNormalChunk = size_t{128} << 10;
inline constexpr size_t kMaxChunk = size_t{512} << 10;

/// The length of the first piece of `bytes`: all that is left of the file, or at least kMaxChunk of
/// it.
size_t first_chunk(std::span<const uint8_t> bytes);

}  // namespace slipway::remote_cache

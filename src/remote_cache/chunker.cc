#include "remote_cache/chunker.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "hash/sha256.h"

namespace slipway::remote_cache {
namespace {

// A boundary is where these bits of the hash are 0: many before the normal length, few after it.
constexpr uint64_t kStrict = 0x0003'5907'0353'0000;  // 15 bits
constexpr uint64_t kLoose = 0x0000'd900'0353'0000;   // 11 bits

/// Entry N is the first eight bytes, the lowest first, of the SHA-256 of the one byte N.
std::array<uint64_t, 256> make_gear() {
  std::array<uint64_t, 256> out{};
  for (size_t i = 0; i < out.size(); ++i) {
    const char byte = static_cast<char>(i);
    hash::Sha256 hasher;
    hasher.update(std::string_view(&byte, 1));
    const hash::Sha256Sum sum = hasher.finish();
    for (size_t k = 0; k < 8; ++k) out[i] |= uint64_t{sum[k]} << (8 * k);
  }
  return out;
}

}  // namespace

size_t first_chunk(std::span<const uint8_t> bytes) {
  static const std::array<uint64_t, 256> kGear = make_gear();
  const size_t end = std::min(bytes.size(), kMaxChunk);
  if (end <= kMinChunk) return end;
  const size_t normal = std::min(end, kNormalChunk);
  uint64_t hash = 0;
  size_t at = kMinChunk;
  for (; at < normal; ++at) {
    hash = (hash << 1) + kGear[bytes[at]];
    if ((hash & kStrict) == 0) return at + 1;
  }
  for (; at < end; ++at) {
    hash = (hash << 1) + kGear[bytes[at]];
    if ((hash & kLoose) == 0) return at + 1;
  }
  return end;
}

}  // namespace slipway::remote_cache

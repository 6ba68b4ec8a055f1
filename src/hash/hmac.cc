#include "hash/hmac.h"

#include <string>

namespace slipway::hash {

Sha256Sum hmac_sha256(std::string_view key, std::string_view text) {
  constexpr size_t kBlock = 64;
  Sha256 hasher;
  std::string padded(key);
  if (key.size() > kBlock) {
    hasher.update(key);
    const Sha256Sum sum = hasher.finish();
    padded.assign(sum.begin(), sum.end());
  }
  padded.resize(kBlock, '\0');
  std::string inner = padded, outer = padded;
  for (size_t i = 0; i < kBlock; ++i) {
    inner[i] = static_cast<char>(inner[i] ^ 0x36);
    outer[i] = static_cast<char>(outer[i] ^ 0x5c);
  }
  hasher.update(inner);
  hasher.update(text);
  const Sha256Sum sum = hasher.finish();
  hasher.update(outer);
  hasher.update(sum);
  return hasher.finish();
}

}  // namespace slipway::hash

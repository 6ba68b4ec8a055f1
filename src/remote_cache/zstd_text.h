// Small documents compressed by zstd in one go.
#pragma once

#include <string>
#include <string_view>

namespace slipway::remote_cache {

std::string compress_text(std::string_view text);
/// Throws Error naming `origin` for damaged data, or if there is more than `max_bytes` of it.
std::string decompress_text(std::string_view bytes, size_t max_bytes, std::string_view origin);

}  // namespace slipway::remote_cache

#include "remote_cache/zstd_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "compress/encode.h"

namespace slipway::remote_cache {

std::string compress_text(std::string_view text) {
  const auto encoder = compress::make_encoder(compress::Format::Zstd, compress::kDefaultZstdLevel);
  const size_t block = compress::block_size(compress::Format::Zstd);
  std::vector<uint8_t> out;
  do {
    const std::string_view piece = text.substr(0, block);
    encoder->encode(std::span(reinterpret_cast<const uint8_t*>(piece.data()), piece.size()), out);
    text.remove_prefix(piece.size());
  } while (!text.empty());
  return {reinterpret_cast<const char*>(out.data()), out.size()};
}

std::string decompress_text(std::string_view bytes, size_t max_bytes, std::string_view origin) {
  const auto decoder = compress::make_decoder(compress::Format::Zstd, [&](std::span<uint8_t> into) {
    const size_t n = std::min(into.size(), bytes.size());
    std::memcpy(into.data(), bytes.data(), n);
    bytes.remove_prefix(n);
    return n;
  });
  std::string out;
  std::vector<uint8_t> buffer(size_t{256} * 1024);
  try {
    while (const size_t n = decoder->read(buffer)) {
      if (out.size() + n > max_bytes)
        throw Error(fmt::format("it has more than {}", human_size(max_bytes)));
      out.append(reinterpret_cast<const char*>(buffer.data()), n);
    }
  } catch (Error& error) {
    throw error.at(std::string(origin));
  }
  return out;
}

}  // namespace slipway::remote_cache

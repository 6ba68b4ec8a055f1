#include "remote_cache/inline.h"

#include <array>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"

namespace slipway::remote_cache {
namespace {

std::string from_base64(std::string_view text, std::string_view origin) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos)
      throw Error("the image's cache is not base64", std::string(origin));
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

}  // namespace

std::string print_inline(const Ledger& ledger) { return to_base64(print(ledger)); }

Ledger read_inline(std::string_view config, const oci::Manifest& manifest,
                   std::string_view origin) {
  const json::Value value = json::parse(config, origin);
  const std::string text = json::string_or(value, kInlineMember);
  if (text.empty()) return {};
  Ledger out = parse(from_base64(text, origin), origin);
  std::set<oci::Digest> blobs;
  for (const auto& layer : manifest.layers) blobs.insert(layer.digest);
  std::erase_if(out.layers,
                [&](const auto& entry) { return !blobs.contains(entry.second.blob.digest); });
  out.mounts.clear();
  return out;
}

}  // namespace slipway::remote_cache

// Finds layer ids and digests in the text of a record's value.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "store/inventory.h"

namespace slipway::store {
namespace {

constexpr std::string_view kDigest = "sha256:";
constexpr size_t kHexDigits = 64;
constexpr std::array<std::string_view, 3> kLayerKinds = {"tree:", "run:", "diff:"};

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_id_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view(":._+@-").find(c) != std::string_view::npos;
}

void sort_unique(std::vector<std::string>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

References references_in(std::string_view value) {
  References found;
  for (size_t at = value.find(kDigest); at != value.npos; at = value.find(kDigest, at + 1)) {
    const std::string_view hex = value.substr(at + kDigest.size(), kHexDigits);
    if (hex.size() == kHexDigits && std::all_of(hex.begin(), hex.end(), is_hex))
      found.digests.emplace_back(hex);
  }
  for (size_t at = 0; at < value.size();) {
    size_t end = at;
    while (end < value.size() && is_id_char(value[end])) ++end;
    const std::string_view word = value.substr(at, end - at);
    for (const std::string_view kind : kLayerKinds)
      if (word.starts_with(kind) && word.size() > kind.size()) found.layer_ids.emplace_back(word);
    at = end + 1;
  }
  sort_unique(found.digests);
  sort_unique(found.layer_ids);
  return found;
}

}  // namespace slipway::store

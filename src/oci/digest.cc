#include "oci/digest.h"

#include "base/error.h"
#include "base/text.h"

namespace slipway::oci {

std::optional<Digest> Digest::parse(std::string_view text) {
  static constexpr std::string_view kPrefix = "sha256:";
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != text.npos) return std::nullopt;
  return Digest(std::string(text));
}

Digest Digest::parse_or_throw(std::string_view text) {
  if (auto digest = parse(text)) return *digest;
  throw Error("\"" + std::string(text.substr(0, 100)) + "\" is not a sha256 digest");
}

Digest Digest::of(std::string_view bytes) { return Digest(hash::sha256_hex(bytes)); }

Digest Digest::from_sum(const hash::Sha256Sum& sum) { return Digest(to_hex(sum)); }

}  // namespace slipway::oci

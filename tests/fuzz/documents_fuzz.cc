// Any bytes as a manifest, an index and plain JSON, as a registry may send them. What is accepted
// must survive being printed and read again; what is refused must be an Error that names its
// origin.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/json.h"
#include "oci/documents.h"

using namespace slipway;

namespace {

template <typename Parse>
auto accepted(Parse parse, std::string_view text)
    -> std::optional<decltype(parse(text, "origin"))> {
  try {
    return parse(text, "origin");
  } catch (const Error& error) {
    CHECK(error.where().starts_with("origin") || !error.message().empty());
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = accepted(oci::parse_manifest, text)) {
    const std::string printed = oci::print(*manifest);
    const auto again = accepted(oci::parse_manifest, printed);
    CHECK(again && oci::print(*again) == printed);
    CHECK(again->layers.size() == manifest->layers.size());
  }
  if (const auto index = accepted(oci::parse_index, text)) {
    const std::string printed = oci::print(*index);
    const auto again = accepted(oci::parse_index, printed);
    CHECK(again && oci::print(*again) == printed);
    for (const char* platform : {"linux/amd64", "linux/arm64", "linux/arm/v7"}) {
      const auto chosen = oci::select_platform(*index, oci::parse_platform(platform));
      CHECK(!chosen || !oci::is_attestation(*chosen));
    }
  }
  if (const auto value = accepted(json::parse, text)) {
    const std::string printed = json::dump(*value);
    const auto again = accepted(json::parse, printed);
    CHECK(again && json::dump(*again) == printed);
  }
  return 0;
}

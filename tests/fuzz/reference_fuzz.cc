// Any bytes as an image reference. What is accepted must mean the same again in its canonical and
// in its familiar spelling; what is refused must say how to write it.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "registry/reference.h"

using namespace slipway;
using namespace slipway::registry;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Reference ref;
  try {
    ref = parse_reference(text);
  } catch (const Error& error) {
    CHECK(!error.hint().empty());
    return 0;
  }
  CHECK(!ref.host.empty() && !ref.repository.empty());
  CHECK(!ref.tag.empty() || !ref.digest.empty());
  CHECK(parse_reference(ref.str()) == ref);
  CHECK(parse_reference(ref.familiar()) == ref);
  CHECK(parse_reference(ref.familiar()).familiar() == ref.familiar());
  // They become parts of paths and URLs.
  for (const char c : ref.str())
    CHECK(static_cast<unsigned char>(c) > ' ' && c != '\\' && c != '%' && c != '?');
  CHECK(ref.repository.find("..") == std::string::npos);
  return 0;
}

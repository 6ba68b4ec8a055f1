// Any bytes as a file of an image: machine code, a script, a zip archive. Reading must end, within the memory that the
// limits allow; what is found must survive being printed and read again; and it must not matter in which pieces the bytes
// pass by.
#include <algorithm>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "verify/collect.h"
#include "verify/fit.h"
#include "verify/verify.h"

using namespace slipway;

namespace {

tree::Entry entry_of(const char* path, std::span<const uint8_t> bytes) {
  tree::Entry entry;
  entry.path = path;
  entry.type = tree::Type::File;
  entry.mode = 0755;
  entry.size = bytes.size();
  entry.content.bytes = std::string(bytes.begin(), bytes.end());
  return entry;
}

verify::Facts in_pieces(const tree::Tree& tree, size_t step) {
  verify::Collector collector;
  for (const auto& entry : tree.entries()) {
    collector.begin(entry.path, entry, "");
    const std::span<const uint8_t> all(reinterpret_cast<const uint8_t*>(entry.content.bytes.data()), entry.size);
    for (size_t at = 0; at < all.size(); at += step) collector.bytes(all.subspan(at, std::min(step, all.size() - at)));
    collector.end();
  }
  return collector.finish(tree);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  auto tree = std::make_shared<const tree::Tree>(
      std::vector{entry_of("app", bytes), entry_of("etc/ld.so.conf", bytes), entry_of("lib/x.jar", bytes)});
  auto facts = std::make_shared<const verify::Facts>(in_pieces(*tree, std::max<size_t>(1, size)));
  CHECK(in_pieces(*tree, 5) == *facts);
  // Bytes that are no text are replaced where they are printed: what was read back stays as it is.
  const verify::Facts again = verify::parse_facts(verify::print_facts(*facts), "facts");
  CHECK(verify::parse_facts(verify::print_facts(again), "facts") == again);
  for (const char* name : {"linux/amd64", "linux/arm64", "linux/arm/v6", "linux/s390x"}) {
    verify::Image image{.platform = oci::parse_platform(name), .layers = {{.tree = tree, .facts = facts}}};
    image.config.platform = image.platform;
    image.config.entrypoint = {"/app"};
    const auto found = verify::verify({image}, {});
    const auto printed = verify::print_findings(found);
    CHECK(verify::print_findings(verify::parse_findings(printed, "findings")) == printed);
  }
  return 0;
}

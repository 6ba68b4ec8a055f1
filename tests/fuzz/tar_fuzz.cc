// Archives of any bytes: listing one must end in a tree or an Error, and the tree must be a file
// system that can be written as a layer and read back as the same.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "base/error.h"
#include "layer/unpack.h"
#include "layer/write.h"
#include "os/fd.h"

using namespace slipway;

namespace {

layer::Unpacked list(std::string_view bytes, bool whiteouts) {
  const os::UniqueFd fd(::memfd_create("fuzz", MFD_CLOEXEC));
  CHECK(fd);
  os::write_all(fd.get(), bytes);
  ::lseek(fd.get(), 0, SEEK_SET);
  uint64_t kept = 0;
  return layer::list(fd.get(), {.whiteouts = whiteouts},
                     [&](const std::string&) { return ++kept < 64; });
}

void check_file_system(const tree::Tree& tree) {
  const auto& entries = tree.entries();
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& path = entries[i].path;
    CHECK(i == 0 || tree::path_less(entries[i - 1].path, path));
    CHECK(!path.starts_with('/') && !path.ends_with('/') && path.find("//") == path.npos);
    CHECK(("/" + path + "/").find("/../") == path.npos);
    for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
      const tree::Entry* parent = tree.find(std::string_view(path).substr(0, slash));
      CHECK(!parent || parent->type == tree::Type::Dir);
    }
  }
}

bool is_complete(const tree::Tree& tree) {
  for (const tree::Entry& entry : tree.entries()) {
    // A link to a lower layer's file may mean another one once links of this layer stand before it.
    if (entry.type == tree::Type::Hardlink && !tree.find(entry.link)) return false;
    if (entry.type == tree::Type::File && entry.size != entry.content.bytes.size()) return false;
    for (const auto& xattr : entry.xattrs)
      if (xattr.first.find('=') != xattr.first.npos) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // The last byte chooses between a layer and an archive for ADD; what stands at an archive's end
  // is padding anyway.
  const bool whiteouts = (data[size - 1] & 1) == 0;
  try {
    const tree::Tree tree = list({reinterpret_cast<const char*>(data), size}, whiteouts).tree;
    check_file_system(tree);
    (void)tree::tree_digest(tree);
    if (!whiteouts || !is_complete(tree)) return 0;
    std::string bytes;
    layer::write_layer(
        tree, {.compression = oci::Compression::None},
        [&](std::span<const uint8_t> piece) { bytes.append(piece.begin(), piece.end()); });
    const tree::Tree again = list(bytes, true).tree;
    CHECK(tree::tree_digest(again) == tree::tree_digest(tree));
  } catch (const Error&) {
  }
  return 0;
}

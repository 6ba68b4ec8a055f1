// What a cache mount held: its entries, and where in which pack each piece of each file is. The
// document that the ledger names for a mount (docs/formats/remote-cache.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "oci/documents.h"

namespace slipway::remote_cache {

struct Pack {
  oci::Descriptor blob;
  uint64_t length = 0;  // bytes, uncompressed
};

struct Chunk {
  std::string sum;  // SHA-256, hex
  uint32_t pack = 0;
  uint64_t offset = 0;  // in the uncompressed pack
  uint32_t length = 0;
};

struct MountEntry {
  enum class Type { Dir, File, Link };
  std::string path;  // relative, clean
  Type type = Type::File;
  uint32_t mode = 0, uid = 0, gid = 0;
  int64_t mtime_ns = 0;
  uint64_t size = 0;             // of a file
  std::string target;            // of a link
  std::vector<uint32_t> chunks;  // of a file, in order
};

struct MountListing {
  std::vector<Pack> packs;
  std::vector<Chunk> chunks;
  std::vector<MountEntry>
      entries;  // sorted; "" is the mount's own directory; parents before what is in them
};

std::string print(const MountListing& listing);

/// Throws Error naming `origin` for anything that could not have been written by print() of an
/// honest snapshot: paths that leave the mount or lead through a link, pieces outside of their
/// pack, sizes that do not add up.
MountListing parse_mount_listing(std::string_view bytes, std::string_view origin);

}  // namespace slipway::remote_cache

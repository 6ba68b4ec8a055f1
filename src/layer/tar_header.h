// One entry's header in a tar archive: where the fields stand (POSIX ustar and pax) and how ours
// are written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tree/tree.h"

namespace slipway::layer {

inline constexpr size_t kTarBlock = 512;

/// A field of the 512-byte header block.
struct Field {
  size_t offset, size;
};
namespace ustar {
inline constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kMtime{136, 12}, kChecksum{148, 8}, kType{156, 1}, kLinkName{157, 100}, kMagic{257, 6},
    kVersion{263, 2}, kDevMajor{329, 8}, kDevMinor{337, 8}, kPrefix{345, 155};
}  // namespace ustar

/// What a header says; the caller has put names and times into their final form.
struct TarHeader {
  std::string_view name;  // directories without their slash; "" is the root, written "./"
  char type = '0';        // ustar typeflag
  uint32_t mode = 0, uid = 0, gid = 0;
  uint64_t size = 0;
  int64_t mtime = 0;  // seconds
  std::string_view link;
  uint32_t device_major = 0, device_minor = 0;
  const tree::Xattrs* xattrs = nullptr;
};

/// Appends the header blocks: a ustar header, before it a pax header with those values that ustar
/// cannot hold (long or non-ASCII names, sizes from 8 GiB, ids from 2^21, times before 1970 or
/// after 2242, extended attributes), and nothing else. The same header always gives the same bytes.
/// Throws Error for an attribute name with '=' in it.
void append_tar_header(const TarHeader& header, std::string& out);

}  // namespace slipway::layer

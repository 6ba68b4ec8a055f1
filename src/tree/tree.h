// A file tree as a value: what a layer, a build context or a selection of files *is* before any byte of it moves.
//
// COPY, ADD, WORKDIR, heredocs and whiteouts are functions from trees to trees (design: trees before bytes). Bytes stay
// where they are (a context file, a snapshot directory, a heredoc) and are read once, when a layer is written or a
// directory is materialised for a RUN.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_text.h"
#include "hash/sha256.h"
#include "oci/digest.h"

namespace slipway::tree {

enum class Type : uint8_t {
  File,
  Dir,
  Symlink,
  Hardlink,  // another name of the file at `link` in the same tree
  CharDevice,
  BlockDevice,
  Fifo,
  Whiteout,  // deletes the path of the layers below; nothing but `path` counts
};

/// Where the bytes of a file are. Exactly one of the two is set, none for empty files.
struct Content {
  SharedText disk_path;                   // absolute path of a file to read
  SharedText bytes;                       // the content itself (heredocs, generated files)
  std::optional<hash::Sha256Sum> digest;  // of the bytes, once somebody has read them or may vouch for them
};

using Xattrs = std::vector<std::pair<std::string, std::string>>;  // sorted by name

struct Entry {
  std::string path;  // relative to the root, clean, no leading or trailing slash; "" is the root itself
  Type type = Type::File;
  bool opaque = false;  // a Dir that hides everything the layers below have under it
  uint32_t mode = 0;    // permission bits only, 07777
  uint32_t uid = 0, gid = 0;  // as the image sees them
  uint64_t size = 0;          // bytes, files only
  int64_t mtime_ns = 0;       // since the epoch
  SharedText link;            // symlink target as written, or path of the hard link's first name
  uint32_t device_major = 0, device_minor = 0;
  Xattrs xattrs;
  Content content;
};

/// Orders paths so that a directory stands directly before everything below it ('/' sorts before all other bytes).
bool path_less(std::string_view a, std::string_view b);

/// Sorted by path_less, paths unique.
class Tree {
 public:
  Tree() = default;
  /// Sorts; of two entries with one path the later one wins (a Dir over a Dir keeps being opaque if either was).
  explicit Tree(std::vector<Entry> entries);

  const std::vector<Entry>& entries() const { return entries_; }
  /// The entries themselves, for who makes another tree of them: trees of big contexts are worth moving.
  std::vector<Entry> take() && { return std::move(entries_); }
  bool empty() const { return entries_.empty(); }
  const Entry* find(std::string_view path) const;
  /// Everything strictly below `dir` ("" = all but the root), in order.
  std::span<const Entry> below(std::string_view dir) const;

 private:
  std::vector<Entry> entries_;
};

/// Identity of a tree: path, type, mode, owner, size, link, device, xattrs and content digest of each entry; times and
/// disk paths do not count. Every File must have a content digest (or be empty).
oci::Digest tree_digest(const Tree& tree);

/// A stable binary form for the store (docs/formats/tree.md); read back exactly. Throws Error naming `origin` if damaged.
std::string serialize(const Tree& tree);
Tree deserialize(std::string_view bytes, std::string_view origin);

}  // namespace slipway::tree

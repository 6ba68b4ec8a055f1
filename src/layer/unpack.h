// Layer blob -> directory (an overlayfs lower) and/or tree, safely: nothing in an archive can reach outside the target.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "layer/watcher.h"
#include "oci/digest.h"
#include "tree/tree.h"
#include "tree/view.h"

namespace slipway::layer {

struct UnpackOptions {
  /// Layers: `.wh.` names become overlayfs whiteouts (char device 0:0) and opaque directories (`user.overlay.opaque`).
  /// ADD of an archive: they are plain file names.
  bool whiteouts = true;
  /// chown may fail with EINVAL/EPERM where only one id is mapped: then ownership stays in the tree alone.
  bool tolerate_chown_failure = false;
  /// The layers under this one, for archives that name files in directories which they do not have themselves: links
  /// there are followed, owners and modes taken over, hard links may lead to files there. Asked only then; with
  /// `with_content` the files' bytes must be within reach. Unset: the archive stands alone.
  std::function<const tree::View&(bool with_content)> below;
  Watcher* watcher = nullptr;  // of the archive's files; those that are taken over from below do not pass by
  std::stop_token stop;
  std::function<void(uint64_t)> progress;  // compressed bytes read so far
};

struct Unpacked {
  /// What the archive holds, with the links in parent directories followed; files have their digests. Content::disk_path
  /// points into the target directory when there is one.
  tree::Tree tree;
  oci::Digest diff_id;   // of the uncompressed tar
  uint64_t bytes = 0;    // of file content
  bool asked_below = false;  // the tree is what the archive makes of those layers, not of others
  bool lost_owners = false;
  uint64_t lost_xattrs = 0;      // attributes that the target's file system or our rights do not allow
  uint64_t skipped_devices = 0;  // device nodes that are in the tree but could not be made in the directory
};

/// Reads a tar (gzip, zstd, xz, bzip2 or plain, found by magic) from `fd` and unpacks it into the existing directory
/// `target`. Throws Error naming the entry for paths or links that leave the root, for devices unless it is a layer, and
/// for damaged archives. What is in `target` after an Error is of no use.
Unpacked unpack(int fd, const std::string& target, const UnpackOptions& options);

/// The same walk without writing: the listing of a layer that nobody has to unpack. Files have digests but no content.
/// Without options.below hard links may lead to files that are not in the archive.
/// With `keep` returning true for a path, that file's bytes are kept in Content::bytes (limit 1 MiB each).
Unpacked list(int fd, const UnpackOptions& options, const std::function<bool(const std::string&)>& keep);

/// True if the first bytes are those of a (possibly compressed) tar archive, as ADD decides it.
bool looks_like_archive(int fd);

}  // namespace slipway::layer

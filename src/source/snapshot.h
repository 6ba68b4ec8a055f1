// Files from elsewhere that were brought into the store once: a git checkout, an unpacked archive.
// A snapshot is kept like a layer (directory and listing under one id), so that builds, steps and
// mounts share it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/store.h"
#include "tree/tree.h"

namespace slipway::source {

struct Snapshot {
  std::string id;                           // of the layer in the store; names the content
  std::string dir;                          // in the store: leased by this process
  std::shared_ptr<const tree::Tree> files;  // with digests; disk paths lie in `dir`
};

/// nullopt unless directory and listing are there.
std::optional<Snapshot> find_snapshot(store::Store& store, const std::string& id);

/// Publishes `dir` (from Store::new_dir), which holds the files of `files`: digests known, disk
/// paths of no meaning.
Snapshot publish_snapshot(store::Store& store, const std::string& id, const std::string& dir,
                          const tree::Tree& files);

/// The bytes of the file at `path` (relative to the root), links followed inside the snapshot as in
/// a chroot. nullopt if there is none. Throws Error if it is longer than `limit` bytes or no file.
std::optional<std::string> read_file(const Snapshot& snapshot, const std::string& path,
                                     uint64_t limit);

}  // namespace slipway::source

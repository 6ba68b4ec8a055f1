// Where things are in a store (docs/formats/store.md) and the few file operations on them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "oci/digest.h"

namespace slipway::store {

/// Paths of one store. Nothing here touches the disk but create().
class Layout {
 public:
  explicit Layout(std::string root) : root_(std::move(root)) {}

  const std::string& root() const { return root_; }
  std::string database() const { return root_ + "/slipway.db"; }
  std::string index() const { return root_ + "/index.json"; }
  std::string blobs() const { return root_ + "/blobs/sha256"; }
  std::string blob(const oci::Digest& digest) const { return blobs() + "/" + digest.hex(); }
  std::string layers() const { return root_ + "/layers"; }
  std::string layer(int64_t number) const { return layers() + "/" + std::to_string(number); }
  std::string trees() const { return root_ + "/trees"; }
  std::string tree(std::string_view layer_id) const;
  std::string mounts() const { return root_ + "/mounts"; }
  std::string mount(std::string_view id) const;
  std::string clone(std::string_view remote) const;
  std::string stamps() const { return root_ + "/stamps"; }
  std::string stamp(std::string_view context_root) const;
  std::string leases() const { return root_ + "/leases"; }
  std::string scratch() const { return root_ + "/tmp"; }
  std::string locks() const { return root_ + "/locks"; }
  std::string prune_lock() const { return locks() + "/prune"; }
  std::string index_lock() const { return locks() + "/index"; }
  std::string schema_lock() const { return locks() + "/schema"; }
  std::string key_locks() const { return locks() + "/keys"; }

  /// Makes what is missing. Throws Error if the root is a directory with other things in it.
  void create() const;

 private:
  std::string root_;
};

/// 32 hex digits that name `text` in file names and leases.
std::string short_hash(std::string_view text);

/// Writes `content` at `temp`, then renames it to `path`.
void replace_file(const std::string& temp, const std::string& path, std::string_view content,
                  bool sync = false);

/// Files with several names, each of which du counts once.
using Seen = std::set<std::pair<dev_t, ino_t>>;

/// The blocks that `path` and all below it take on disk, in bytes, as `du` counts. Nothing there is
/// 0; what may not be listed counts as empty.
uint64_t disk_bytes(const std::string& path, Seen& seen);

/// Seconds since the epoch.
int64_t now();
/// Last modification in seconds, nullopt if there is no such file.
std::optional<int64_t> modified(const std::string& path);
/// Sets the last modification to now; best effort.
void touch(const std::string& path);

}  // namespace slipway::store

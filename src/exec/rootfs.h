// The root file system of one step: the overlay of its snapshots, with the mount points that the
// step needs.
//
// A missing mount point must not be made in `upper`: it would be part of the layer, and so would
// the directory around it. Missing ones are collected in a directory of their own that becomes the
// topmost lower layer, its directories having the attributes of those they cover. So `upper` holds
// what the step itself did and nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"

namespace slipway::exec {

struct MountPoint {
  std::string target;  // absolute path in the container
  bool is_directory = true;
};

struct RootfsSpec {
  std::vector<std::string> lowers;  // bottom first, may be empty
  std::string upper;
  std::string scratch;                   // on the file system of `upper`
  std::vector<MountPoint> mount_points;  // in the order in which they will be mounted
};

class Rootfs {
 public:
  explicit Rootfs(const RootfsSpec& spec);

  /// The overlay, detached; its own root directory for openat.
  int mount() const { return mount_.get(); }
  /// Content of a file of the root file system, links resolved inside it; "" when it is not there
  /// or not a file.
  std::string read_file(const std::string& path) const;
  /// Makes a directory and its parents, 0755 root, unless something is there already.
  void make_dirs(const std::string& path) const;

 private:
  os::UniqueFd mount_;
};

/// Gives the directory at `to` the mode, owner, extended attributes and times of the directory
/// `from`.
void copy_directory_attributes(int from, const std::string& to);

/// The path without links that `path` means below the directory `root`, and whether something is
/// there. A link that leads nowhere gives the place it points at. Never leaves `root`.
struct Resolved {
  std::string path;  // "/" or "/a/b"
  bool exists = false;
};
Resolved resolve_in_root(int root, std::string_view path);

}  // namespace slipway::exec

// Mounts as descriptors: made detached, where nobody sees them and where they vanish when closed,
// then attached in the namespace of one step. Needs Linux 5.12; overlays of long stacks are quick
// from 6.5 on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "os/fd.h"

namespace slipway::exec {

enum class ReadOnly { No, Yes };

/// A detached copy of what is at `path`, a file or a directory, with everything mounted below it.
os::UniqueFd clone_mount(const std::string& path, ReadOnly read_only);

/// Makes a detached mount, and all mounted below it, read-only.
void make_read_only(int mount, const std::string& what);

/// The flags of a mount as mount options: "ro", "nosuid", "nodev", "noexec".
std::vector<std::string> mount_flags(int mount);

/// Another detached mount of the same tree, since one can be attached only once.
os::UniqueFd copy_mount(int mount);

/// Attaches a detached mount. `target` exists and is of the same kind. Only system calls: safe
/// after fork.
void attach_mount(int mount, const std::string& target);
/// The same without exceptions; returns 0 or errno.
int try_attach_mount(int mount, const char* target);

struct Overlay {
  std::vector<std::string> lowers;  // bottom first, at least one, at most 500; absolute paths
  std::string upper;
  /// An existing directory on the file system of `upper` in which work files and links may be made.
  std::string work;
};

/// A detached overlay, its marks in user.overlay.* xattrs so that it can be made and read without
/// privileges over the host. Nothing is synced to disk when it goes ("volatile"): whoever keeps
/// `upper` syncs what it keeps.
os::UniqueFd overlay_mount(const Overlay& overlay);

/// The way of kernels before 6.5, taken by overlay_mount where needed; here for tests.
os::UniqueFd overlay_mount_by_option_string(const Overlay& overlay);

}  // namespace slipway::exec

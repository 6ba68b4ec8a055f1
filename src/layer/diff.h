// The upper directory of an overlay mount -> the tree of what a RUN step changed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tree/tree.h"

namespace slipway::layer {

/// Walks `upper` (inside the user namespace that wrote it, so owners and security.capability read as the image sees
/// them). Char devices 0:0 become Whiteouts, `user.overlay.opaque=y` opaque directories, inodes seen before Hardlinks;
/// overlay's own xattrs and sockets are left out. Files point at their disk path and have no digest yet. The root entry
/// is included only if `upper` itself was changed (mode, owner or xattrs differ from 0755 root without any).
tree::Tree read_upper(const std::string& upper);

/// Fills an existing empty directory with `tree` (regular files copied, reflinked where the file system can; whiteouts
/// and opaque marks as overlayfs wants them): a COPY layer that a RUN needs to see. Times are kept as the tree has them.
void materialize(const tree::Tree& tree, const std::string& target, bool tolerate_chown_failure);

}  // namespace slipway::layer

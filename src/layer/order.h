// The order in which a tree's entries are written, to an archive or into a directory: by path, each
// hard link after the name that carries its content.
#pragma once

#include <string_view>
#include <vector>

#include "tree/tree.h"

namespace slipway::layer {

struct Placed {
  std::string_view path;       // where it goes
  const tree::Entry* entry;    // everything else about it; its path and link may differ from these
  std::string_view hard_link;  // set: only another name of what was placed there before (or of a
                               // lower layer's file)
};

/// In path order. Of several names of one file the first in order gets the content and the others
/// link to it, whichever the tree calls the first, so that trees that mean the same give the same
/// bytes. A link to a path that the tree does not have stays as it is. Throws Error naming the
/// entry for links in a circle or to a directory. Refers to `tree`.
std::vector<Placed> write_order(const tree::Tree& tree);

}  // namespace slipway::layer

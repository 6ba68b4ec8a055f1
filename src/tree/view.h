// The file system that a stack of layer trees makes: looks paths up through whiteouts, opaque directories and links,
// without unpacking anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tree/tree.h"

namespace slipway::tree {

class View {
 public:
  /// Bottom layer first. The trees are shared, not copied.
  explicit View(std::vector<std::shared_ptr<const Tree>> layers);

  /// The entry at `path` (no leading slash) without following a final symlink; parents are taken literally. The root
  /// always exists. A Hardlink is returned as the file it names (its content, size and metadata).
  std::optional<Entry> lookup(std::string_view path) const;

  /// Follows symlinks in every component (and in the last if `follow_last`), as chroot(2) would: never above the root.
  /// Returns the clean real path, whose last components may not exist. Throws Error after 255 links.
  std::string resolve(std::string_view path, bool follow_last = true) const;

  /// The names directly in directory `path`, sorted.
  std::vector<std::string> children(std::string_view path) const;

  /// `path` and everything below it as one flattened tree with full paths, whiteouts applied and gone. Of hard links
  /// whose first name lies outside the selection the first in order becomes the file, the others link to it. The root
  /// itself is an entry only if a layer has one.
  Tree flatten(std::string_view path = "") const;
  /// The layers (indices, bottom first) whose directories at `dir` an overlay of just those would show as what this view
  /// has there. `dir` is a directory.
  std::vector<size_t> layers_of(std::string_view dir) const;

  /// flatten() of everything, without a copy where there is one layer and nothing in it to flatten: a build context.
  std::shared_ptr<const Tree> whole() const;

 private:
  std::vector<std::shared_ptr<const Tree>> layers_;
};

}  // namespace slipway::tree

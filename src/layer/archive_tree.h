// What the entries of an archive, taken one after the other, make of an empty directory: names made
// safe, links in parent directories followed inside the root, later entries over earlier ones,
// whiteouts turned into marks. Pure bookkeeping; unpack.cc does the same to a real directory with
// the paths that this gives it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tree/tree.h"

namespace slipway::layer {

/// A name from an archive as a path below the root: leading "/" and "./", "." and double slashes
/// go. Throws Error for "..", zero bytes, components over 255 and names over 4095 bytes. `entry` is
/// named in the error. "" is the root.
std::string safe_path(std::string_view name, std::string_view entry);

class ArchiveTree {
 public:
  /// What lies under the archive, when it is a layer: the entry at a path, its parents taken
  /// literally.
  using Below = std::function<std::optional<tree::Entry>(std::string_view)>;

  /// `disk_root`: where the files are being written, empty if nowhere.
  explicit ArchiveTree(std::string disk_root, Below below = {})
      : disk_root_(std::move(disk_root)), below_(std::move(below)) {}

  /// safe_path() with the links in all but the last component followed, those of this archive and
  /// those below it. A parent that the archive does not have is taken over from below, with its
  /// owner and mode. Throws Error when a parent is a file or the links lead in a circle.
  std::string resolve(std::string_view name);

  /// Puts `entry` (whose path came from resolve()) there, over whatever was there and below it. A
  /// directory over a directory keeps what is in it. The content of a file may be set later, with
  /// file(). Hard links: use link().
  void put(tree::Entry entry);
  tree::Entry& file(const std::string& path);

  /// Makes `path` another name of what is at `existing` (both from resolve()). If nothing is there:
  /// an Error if `must_exist`, else a link that leads to a lower layer. Directories are refused.
  /// False if it was that already.
  bool link(const std::string& path, const std::string& existing, bool must_exist);

  /// What a name of the layers below leads to, if the archive neither has nor hides it.
  std::optional<tree::Entry> below(std::string_view path) const;
  bool has(const std::string& path) const { return names_.contains(path); }

  void whiteout(const std::string& path);
  void opaque(const std::string& dir);

  /// Everything, with the first name in path order as the file and the others as links to it.
  /// Leaves nothing behind.
  tree::Tree finish();

 private:
  struct Less {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const { return tree::path_less(a, b); }
  };
  // As in a file system, several names may share one: links need no book-keeping when names are
  // replaced.
  struct Inode {
    tree::Entry entry;
    uint32_t names = 0;
  };
  using Names = std::map<std::string, uint32_t, Less>;

  std::string follow(std::string_view parent, std::string_view name);
  void check_parents(std::string_view path, std::string_view name);
  void take_parents_over(std::string_view path);
  uint32_t add_inode(tree::Entry entry);
  void add_name(const std::string& path, uint32_t inode);
  Names::iterator remove(Names::iterator at);
  void make_room(const std::string& path);
  bool has_anything_below(const std::string& dir) const;
  tree::Entry& entry_at(Names::iterator at) { return inodes_[at->second].entry; }

  const std::string disk_root_;
  const Below below_;
  Names names_;
  std::deque<Inode> inodes_;
  std::vector<uint32_t> free_;
  std::unordered_map<std::string, std::string> symlinks_;  // path -> target
  uint64_t name_bytes_ = 0;
  std::string last_parent_, last_real_parent_;  // most entries stand beside the one before
  bool last_parent_valid_ = false;
};

}  // namespace slipway::layer

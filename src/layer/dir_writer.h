// Creates the entries of a tree in a real directory, never outside of it: every step goes from an
// open directory to a single name in it and follows no link, so what the directory holds or a path
// says cannot lead anywhere else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "os/fd.h"
#include "tree/tree.h"

namespace slipway::layer {

class DirWriter {
 public:
  struct Options {
    bool tolerate_chown_failure = false;
    bool tolerate_device_failure =
        false;  // where devices may not be made (user namespaces) they are left out
  };

  /// `target` must exist. It is opened once; renaming it afterwards does not matter.
  DirWriter(const std::string& target, Options options);

  // Each takes a clean relative path whose parents are no links, makes missing parents (0755, owned
  // by the caller) and replaces what is there; errors name the path. Directories keep what is in
  // them.

  /// A new empty file; give it its content, then close_file() it with its metadata.
  os::UniqueFd create_file(std::string_view path);
  void close_file(os::UniqueFd file, const tree::Entry& entry);
  /// Directories, symbolic links, devices and fifos. What a directory's metadata say is done by
  /// finish().
  void make(const tree::Entry& entry);
  void link(std::string_view path, std::string_view existing);
  /// An overlayfs whiteout (character device 0:0), unless something is there.
  void whiteout(std::string_view path);

  /// Gives the directories of `tree` (all made here) their owners, attributes, modes and times,
  /// overlayfs' opaque mark included, the deepest first. Nothing may be made after it.
  void finish(const tree::Tree& tree);

  bool lost_owners() const { return lost_owners_; }
  uint64_t lost_xattrs() const { return lost_xattrs_; }
  uint64_t skipped_devices() const { return skipped_devices_; }

 private:
  struct Spot {
    int parent;
    std::string name;
  };
  Spot spot(std::string_view path);
  int directory(std::string_view path);
  os::UniqueFd enter(const Spot& at, std::string_view path);
  void clear(const Spot& at, std::string_view path);
  template <typename Create>
  int create(const Spot& at, std::string_view path, const Create& create);
  void set_owner(const Spot& at, int fd, const tree::Entry& entry);
  void set_xattrs(const Spot& at, int fd, const tree::Entry& entry);

  const Options options_;
  os::UniqueFd root_;
  uint32_t own_uid_, own_gid_;
  bool inherits_group_;  // the target is setgid: new files do not get our group
  std::unordered_map<std::string, os::UniqueFd> open_dirs_;
  std::string last_dir_;
  int last_fd_ = -1;
  std::vector<std::string> implied_;  // made without an entry of their own
  bool lost_owners_ = false;
  uint64_t lost_xattrs_ = 0, skipped_devices_ = 0;
};

}  // namespace slipway::layer

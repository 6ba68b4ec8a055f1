// COPY, ADD and WORKDIR as functions on trees: what is picked from a source, and which layer it makes over a destination.
// No byte is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dockerfile/pattern.h"
#include "tree/mode.h"
#include "tree/owner.h"
#include "tree/tree.h"
#include "tree/view.h"

namespace slipway::tree {

/// Something that a source pattern matched.
struct Pick {
  std::string path;  // where it was found, clean; "" is the source's root
  std::set<std::string> ways;  // with --parents: directories that are only there to lead to what was matched
  bool is_archive = false;     // the files of one that ADD unpacks; see place()
  // Paths relative to the pick: "" is the pick itself, then all below it. Shared with the source where that is the same.
  std::shared_ptr<const Tree> files;
  const Entry& top() const { return files->entries().front(); }
  bool is_dir() const { return top().type == Type::Dir; }
};

/// What `pattern` (Go's filepath.Match, no leading slash) matches in `source`. Links in the pattern's path and at its end are
/// followed inside the source. A pattern without wildcards must match; one with wildcards may match nothing. `excludes` are
/// relative to each pick and do not concern the pick itself. Throws Error "no such file" otherwise.
/// With `parents` all that matches is one pick, a directory: the source's root or what is in front of a `/./` pivot. `**` then
/// matches any number of directories, links are not followed, and `excludes` are relative to that directory.
std::vector<Pick> pick(const View& source, const std::string& pattern, bool parents,
                       const dockerfile::IgnoreFile& excludes);

struct Placement {
  std::string dest;  // absolute; a trailing slash makes it a directory whatever is there
  std::optional<Owner> owner;  // absent: files keep theirs, directories that are made belong to root
  std::optional<ModeChange> mode;
  bool follow_links = true;  // false for --link: the destination's links are not looked at
  bool as_directory = false;  // --parents: dest is a directory for files, too

  /// Of directories that have to be made: an octal --chmod counts, a symbolic one does not.
  uint32_t dir_mode() const { return mode && mode->is_octal() ? mode->apply(0, true) & 0777 : 0755; }
};

/// The layer that puts `picks` onto `dest`. As BuildKit does it: a picked directory gives its contents; it is made with
/// mode 0755 if it is not there and left alone if it is; directories below it get the source's metadata in either case.
/// With several files and a destination that is no directory the last one wins. Throws Error when a file would replace a
/// directory or the reverse.
/// An archive is unpacked as tar does it: its entries keep their modes, directories that it only implies are plain and
/// root's, its files replace whatever is there, and links of the destination are followed on the way to them.
Tree place(const View& dest, std::vector<Pick> picks, const Placement& how);

/// WORKDIR: the missing directories of `path`, owned by `owner`, mode 0755; empty if it is there. Throws Error when a
/// part of it is a file.
Tree make_dirs(const View& dest, const std::string& path, Owner owner);

/// The time of files that a build makes out of nothing: 1980-01-01, the oldest that zip archives can say.
inline constexpr int64_t kNeutralTime = 315532800;

}  // namespace slipway::tree

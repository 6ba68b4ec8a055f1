#include "tree/copy.h"

#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"

namespace slipway::tree {
namespace {

std::string join(std::string_view dir, std::string_view name) {
  if (dir.empty()) return std::string(name);
  if (name.empty()) return std::string(dir);
  return fmt::format("{}/{}", dir, name);
}

std::string parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == path.npos ? "" : path.substr(0, slash));
}

/// Paths that a pattern matches, walking only the directories that its literal parts allow.
class Matcher {
 public:
  /// `parents`: `**` matches directories at any depth, and links are not followed.
  Matcher(const View& source, const std::string& pattern, bool parents)
      : source_(source), parts_(split(pattern, '/')), parents_(parents) {
    walk("", 0);
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
  }
  std::vector<std::string> found() && { return std::move(found_); }

 private:
  void walk(const std::string& dir, size_t at) {
    if (at == parts_.size()) {
      found_.push_back(dir);
      return;
    }
    const std::string& part = parts_[at];
    if (parents_ && part == "**") {
      walk(dir, at + 1);
      for (const auto& name : children_of(dir)) {
        const std::string path = join(dir, name);
        const auto entry = source_.lookup(path);
        if (entry && entry->type == Type::Dir) walk(path, at);
        else if (at + 1 == parts_.size()) found_.push_back(path);
      }
      return;
    }
    if (!dockerfile::has_wildcard(part)) {
      const std::string path = join(dir, part);
      if (source_.lookup(parents_ ? path : source_.resolve(path, at + 1 < parts_.size()))) walk(path, at + 1);
      return;
    }
    for (const auto& name : children_of(dir))
      if (dockerfile::match_wildcard(part, name)) walk(join(dir, name), at + 1);
  }

  std::vector<std::string> children_of(const std::string& dir) const {
    const std::string real = parents_ ? dir : source_.resolve(dir);
    const auto entry = source_.lookup(real);
    if (!entry || entry->type != Type::Dir) return {};
    return source_.children(real);
  }

  const View& source_;
  std::vector<std::string> parts_;
  bool parents_;
  std::vector<std::string> found_;
};

/// The root is an entry, too: archives need not have one for it.
std::shared_ptr<const Tree> with_root(std::shared_ptr<const Tree> files) {
  if (!files->empty() && files->entries().front().path.empty()) return files;
  std::vector<Entry> entries;
  entries.push_back({.path = "", .type = Type::Dir, .mode = 0755});
  entries.insert(entries.end(), files->entries().begin(), files->entries().end());
  return std::make_shared<const Tree>(std::move(entries));
}

/// The pick at real path `real`, paths made relative to it, without what is excluded.
std::shared_ptr<const Tree> subtree(const View& source, const std::string& real, const dockerfile::IgnoreFile& excludes) {
  if (real.empty() && excludes.empty()) return source.whole();
  std::vector<Entry> all = source.flatten(real).take();
  std::map<std::string, dockerfile::IgnoreFile::Verdict> verdicts;  // of directories on the way to the current entry
  const size_t skip = real.empty() ? 0 : real.size() + 1;
  for (Entry& e : all) {
    e.path.erase(0, std::min(skip, e.path.size()));
    if (e.type == Type::Hardlink) e.link = e.link.view().substr(std::min(skip, e.link.size()));
  }
  std::erase_if(all, [&](const Entry& e) {
    if (excludes.empty() || e.path.empty()) return false;
    const auto parent = verdicts.find(parent_of(e.path));
    auto verdict = excludes.judge(e.path, parent == verdicts.end() ? dockerfile::IgnoreFile::Verdict{} : parent->second);
    const bool excluded = verdict.excluded;
    if (e.type == Type::Dir) verdicts[e.path] = std::move(verdict);
    return excluded;
  });
  // An exception may keep a file of an excluded directory: the directory is then needed after all.
  Tree tree(std::move(all));
  const auto shared = [](Tree&& made) { return std::make_shared<const Tree>(std::move(made)); };
  if (excludes.empty() || !excludes.has_exceptions()) return shared(std::move(tree));
  std::vector<Entry> missing;
  for (const auto& e : tree.entries()) {
    for (std::string dir = parent_of(e.path); !dir.empty() && !tree.find(dir); dir = parent_of(dir)) {
      if (const auto there = source.lookup(join(real, dir))) {
        missing.push_back(*there);
        missing.back().path = dir;
      }
    }
  }
  if (missing.empty()) return shared(std::move(tree));
  missing.insert(missing.end(), tree.entries().begin(), tree.entries().end());
  return shared(Tree(std::move(missing)));
}

Error not_found(std::string_view path) { return Error(fmt::format("no such file or directory: /{}", path)); }

/// --parents: what matches, in one tree below the pivot.
std::vector<Pick> pick_with_parents(const View& source, const std::string& pattern, const dockerfile::IgnoreFile& excludes) {
  const size_t pivot = pattern.find("/./");
  const std::string base = pivot == pattern.npos ? "" : pattern.substr(0, pivot);
  const std::string full = pivot == pattern.npos ? pattern : join(base, pattern.substr(pivot + 3));
  const bool wild = dockerfile::has_wildcard(full);
  const std::vector<std::string> paths = wild ? Matcher(source, full, true).found() : std::vector{full};
  const size_t skip = base.empty() ? 0 : base.size() + 1;
  Pick one;
  std::vector<Entry> entries;
  std::set<std::string> have = {""};
  for (const auto& path : paths) {
    if (!path.empty() && !source.lookup(path)) throw not_found(path);
    for (Entry& e : source.flatten(path).take()) {
      e.path.erase(0, std::min(skip, e.path.size()));
      if (e.type == Type::Hardlink) e.link = e.link.view().substr(std::min(skip, e.link.size()));
      if ((!excludes.empty() && excludes.excludes(e.path)) || !have.insert(e.path).second) continue;
      entries.push_back(std::move(e));
    }
    if (!wild && !path.empty() && !have.contains(path.substr(std::min(skip, path.size()))))
      throw Error(fmt::format("/{} is left out by --exclude", path));
  }
  const size_t matched = entries.size();
  for (size_t i = 0; i < matched; ++i) {
    for (std::string dir = parent_of(entries[i].path); have.insert(dir).second; dir = parent_of(dir)) {
      one.ways.insert(dir);
      entries.push_back(*source.lookup(join(base, dir)));
      entries.back().path = dir;
    }
  }
  entries.push_back({.path = "", .type = Type::Dir, .mode = 0755});
  one.files = std::make_shared<const Tree>(std::move(entries));
  return {std::move(one)};
}

/// Builds a layer over a destination, remembering what it has added itself.
class Layer {
 public:
  Layer(const View& dest, const Placement& how) : dest_(dest), how_(how) {}

  /// What is at `path` once the layer is applied; nullopt if nothing.
  std::optional<Type> at(const std::string& path) const {
    if (const auto it = places_.find(path); it != places_.end()) return added_[it->second].type;
    if (!how_.follow_links) return std::nullopt;
    const auto there = dest_.lookup(path);
    return there ? std::optional(there->type) : std::nullopt;
  }

  void make_parents(const std::string& path, const std::optional<Owner>& owner, uint32_t mode) {
    if (path.empty()) return;
    if (const auto there = at(path)) {
      if (*there == Type::Dir) return;
      throw Error(fmt::format("cannot copy into /{}: it is not a directory", path));
    }
    make_parents(parent_of(path), owner, mode);
    Entry dir{.path = path, .type = Type::Dir, .mode = mode};
    if (owner) dir.uid = owner->uid, dir.gid = owner->gid;
    dir.mtime_ns = kNeutralTime * 1'000'000'000;
    add(std::move(dir), true);
  }

  /// One entry of an archive that is unpacked.
  void unpack(Entry entry) {
    const std::string dir = real_dir(parent_of(entry.path));
    make_parents(dir, {}, 0755);
    entry.path = join(dir, os::base_name(entry.path));
    const auto mine = places_.find(entry.path);
    if (mine != places_.end() && added_[mine->second].type == Type::Dir && entry.type != Type::Dir)
      throw Error(fmt::format("one archive has the file /{}, another one the directory", entry.path));
    if (how_.owner) entry.uid = how_.owner->uid, entry.gid = how_.owner->gid;
    if (entry.type == Type::Dir) real_dirs_.erase(entry.path);
    add(std::move(entry), true);
  }

  /// A directory that only leads to something: one that is there keeps its owner, but gets the source's mode.
  void make_way(Entry entry) {
    if (at(entry.path) != Type::Dir) return put(std::move(entry), true);
    const auto place = places_.find(entry.path);
    Entry there = place != places_.end() ? added_[place->second] : *dest_.lookup(entry.path);
    there.mode = entry.mode;
    add(std::move(there), true);
  }

  void reserve(size_t count) { added_.reserve(count); }

  /// `may_come_again`: something added later may have the same path or stand below this one.
  void put(Entry entry, bool may_come_again) {
    const auto there = at(entry.path);
    const bool is_dir = entry.type == Type::Dir;
    if (there && *there == Type::Dir && !is_dir) {
      throw Error(fmt::format("cannot replace the directory /{} by a file", entry.path), {},
                  "copy to another name, or end the destination with a slash to copy into it");
    }
    if (there && is_dir && *there != Type::Dir)
      throw Error(fmt::format("cannot replace the file /{} by a directory", entry.path));
    if (how_.owner) {
      entry.uid = how_.owner->uid;
      entry.gid = how_.owner->gid;
    }
    if (how_.mode && entry.type != Type::Symlink) entry.mode = how_.mode->apply(entry.mode, is_dir);
    add(std::move(entry), may_come_again);
  }

  Tree finish() && { return Tree(std::move(added_)); }

 private:
  /// Where a directory of an archive is: links of the destination are followed, unless something added replaced them.
  std::string real_dir(const std::string& path) {
    if (path.empty() || !how_.follow_links || places_.contains(path)) return path;
    if (const auto known = real_dirs_.find(path); known != real_dirs_.end()) return known->second;
    std::string real = join(real_dir(parent_of(path)), os::base_name(path));
    if (const auto there = dest_.lookup(real); there && there->type == Type::Symlink && !places_.contains(real))
      real = dest_.resolve(real);
    return real_dirs_[path] = real;
  }

  void add(Entry entry, bool is_looked_up) {
    if (!is_looked_up) {
      added_.push_back(std::move(entry));
      return;
    }
    const auto [at, is_new] = places_.emplace(entry.path, added_.size());
    if (is_new) added_.push_back(std::move(entry));
    else added_[at->second] = std::move(entry);
  }

  const View& dest_;
  const Placement& how_;
  std::vector<Entry> added_;
  std::map<std::string, size_t> places_;  // of those in added_ that matter for what comes
  std::map<std::string, std::string> real_dirs_;  // answers of real_dir()
};

}  // namespace

std::vector<Pick> pick(const View& source, const std::string& pattern, bool parents,
                       const dockerfile::IgnoreFile& excludes) {
  if (parents) return pick_with_parents(source, pattern, excludes);
  const bool wild = dockerfile::has_wildcard(pattern);
  std::vector<Pick> picks;
  for (const auto& path : wild ? Matcher(source, pattern, false).found() : std::vector{pattern}) {
    const std::string real = source.resolve(path);
    const auto entry = source.lookup(real);
    if (!entry) throw not_found(path);
    Pick one;
    one.path = path;
    one.files = subtree(source, real, excludes);
    if (real.empty()) {
      one.files = with_root(std::move(one.files));
    } else if (one.files->empty()) {
      Entry root = *entry;
      root.path.clear();
      one.files = std::make_shared<const Tree>(std::vector{std::move(root)});
    }
    picks.push_back(std::move(one));
  }
  return picks;
}

Tree place(const View& dest, std::vector<Pick> picks, const Placement& how) {
  Layer layer(dest, how);
  const bool wants_dir = how.dest.ends_with('/');
  std::string at = os::clean_path(how.dest).substr(1);
  if (how.follow_links) at = dest.resolve(at);
  if (picks.empty()) return {};
  size_t count = 0;
  for (const auto& one : picks) count += one.files->entries().size();
  layer.reserve(count + 1);
  for (auto& one : picks) {
    const auto there = layer.at(at);
    const std::string name = os::base_name(one.path);
    std::string target = at;
    if (!one.is_dir() && (wants_dir || how.as_directory || at.empty() || (there && *there == Type::Dir)))
      target = join(at, name);
    if (how.follow_links && target != at) target = join(dest.resolve(parent_of(target)), os::base_name(target));
    layer.make_parents(one.is_dir() ? target : parent_of(target), how.owner, one.is_archive ? 0755 : how.dir_mode());
    for (const auto& entry : one.files->entries()) {
      Entry e = entry;
      e.path = join(target, e.path);
      if (e.type == Type::Hardlink) e.link = join(target, e.link);
      e.opaque = false;
      if (e.path == target && one.is_dir()) continue;  // made above, or left as it is
      if (one.is_archive) layer.unpack(std::move(e));
      else if (!one.ways.empty() && one.ways.contains(entry.path)) layer.make_way(std::move(e));
      else layer.put(std::move(e), picks.size() > 1);
    }
    one.files.reset();
  }
  return std::move(layer).finish();
}

Tree make_dirs(const View& dest, const std::string& path, Owner owner) {
  Placement how;
  how.dest = path;
  how.owner = owner;
  Layer layer(dest, how);
  const std::string real = dest.resolve(os::clean_path(path).substr(1));
  layer.make_parents(real, owner, 0755);
  return std::move(layer).finish();
}

}  // namespace slipway::tree

#include "layer/archive_tree.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"

namespace slipway::layer {
namespace {

using tree::Entry;
using tree::Type;

constexpr size_t kMaxPath = 4095, kMaxComponent = 255;
constexpr int kMaxLinks = 40;  // as Linux has it
// An archive of a few megabytes can ask for any amount of memory: headers compress a thousandfold.
constexpr size_t kMaxEntries = 4'000'000;
constexpr uint64_t kMaxNameBytes = uint64_t{256} << 20;

std::string_view parent_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

bool is_or_below(std::string_view path, std::string_view dir) {
  return path.starts_with(dir) && (path.size() == dir.size() || path[dir.size()] == '/');
}

Entry implied_directory(std::string_view path) {
  Entry entry;
  entry.path = path;
  entry.type = Type::Dir;
  entry.mode = 0755;
  return entry;
}

}  // namespace

std::string safe_path(std::string_view name, std::string_view entry) {
  const auto refuse = [&](std::string_view why) {
    throw Error(fmt::format("the archive's entry {} is refused: {}", entry, why), {},
                "the archive is damaged or was made to do harm; take it from another source");
  };
  if (name.size() > kMaxPath) refuse("its name is longer than 4095 bytes");
  std::string out;
  while (!name.empty()) {
    const size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(std::min(slash + 1, name.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..")
      refuse(
          "its name has \"..\" in it, which could lead out of the directory it is unpacked into");
    if (part.size() > kMaxComponent) refuse("a part of its name is longer than 255 bytes");
    if (part.find('\0') != part.npos) refuse("its name has a zero byte in it");
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string ArchiveTree::resolve(std::string_view name) {
  const std::string path = safe_path(name, name);
  const std::string_view parent = parent_of(path);
  if (!last_parent_valid_ || last_parent_ != parent) {
    last_real_parent_ = follow(parent, name);
    check_parents(last_real_parent_, name);
    take_parents_over(last_real_parent_);
    last_parent_ = parent;
    last_parent_valid_ = true;
  }
  if (last_real_parent_ == parent) return path;
  const std::string_view base =
      std::string_view(path).substr(parent.empty() ? 0 : parent.size() + 1);
  return last_real_parent_.empty() ? std::string(base)
                                   : fmt::format("{}/{}", last_real_parent_, base);
}

std::string ArchiveTree::follow(std::string_view parent, std::string_view name) {
  if (parent.empty() || (symlinks_.empty() && !below_)) return std::string(parent);
  // A directory of the archive by this very name: no component of it is a link.
  if (const auto at = names_.find(parent); at != names_.end() && entry_at(at).type == Type::Dir)
    return std::string(parent);
  std::deque<std::string> todo;
  const auto push_front = [&](std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
      const size_t slash = std::min(text.find('/'), text.size());
      if (slash > 0) parts.push_back(text.substr(0, slash));
      text.remove_prefix(std::min(slash + 1, text.size()));
    }
    todo.insert(todo.begin(), parts.begin(), parts.end());
  };
  push_front(parent);
  std::string real;
  int links = 0;
  while (!todo.empty()) {
    const std::string part = std::move(todo.front());
    todo.pop_front();
    if (part == ".") continue;
    if (part == "..") {  // only links have it; the root is its own parent
      real.resize(parent_of(real).size());
      continue;
    }
    const size_t before = real.size();
    if (!real.empty()) real += '/';
    real += part;
    std::string target;
    if (const auto link = symlinks_.find(real); link != symlinks_.end()) {
      target = link->second;
    } else if (const auto entry = below(real); entry && entry->type == Type::Symlink) {
      target = entry->link;
    } else {
      continue;
    }
    if (++links > kMaxLinks || real.size() > kMaxPath)
      throw Error(fmt::format(
          "the archive's entry {} is refused: the links in its name lead in a circle", name));
    real.resize(target.starts_with('/') ? 0 : before);
    push_front(target);
  }
  return real;
}

// Every parent must be able to be a directory.
void ArchiveTree::check_parents(std::string_view path, std::string_view name) {
  for (std::string_view dir = path; !dir.empty(); dir = parent_of(dir)) {
    const auto at = names_.find(dir);
    if (at == names_.end()) continue;
    Entry& entry = entry_at(at);
    if (entry.type == Type::Whiteout) {
      // Deleted below and made anew here.
      entry = implied_directory(dir);
      entry.opaque = true;
    } else if (entry.type != Type::Dir) {
      throw Error(
          fmt::format("the archive's entry {} is refused: {} is not a directory", name, dir));
    }
  }
}

std::optional<Entry> ArchiveTree::below(std::string_view path) const {
  if (!below_ || names_.contains(path)) return std::nullopt;
  for (std::string_view dir = path; !dir.empty();) {
    dir = parent_of(dir);
    const auto at = names_.find(dir);
    if (at == names_.end()) continue;
    const Entry& entry = inodes_[at->second].entry;
    if (entry.type != Type::Dir || entry.opaque) return std::nullopt;
  }
  return below_(path);
}

// What this layer's directory then says of a parent is what the one below says: a mount shows the
// upper one's owner and mode. (No layer need have entries for the parents of what it changes.)
void ArchiveTree::take_parents_over(std::string_view path) {
  if (!below_) return;
  for (std::string_view dir = path; !dir.empty(); dir = parent_of(dir)) {
    if (names_.contains(dir)) continue;
    auto entry = below(dir);
    if (!entry || entry->type != Type::Dir) continue;
    entry->opaque = false;
    const uint32_t inode = add_inode(std::move(*entry));
    add_name(std::string(dir), inode);
  }
}

uint32_t ArchiveTree::add_inode(Entry entry) {
  name_bytes_ += entry.path.size() + entry.link.size();
  for (const auto& [name, value] : entry.xattrs) name_bytes_ += name.size() + value.size();
  if (name_bytes_ > kMaxNameBytes)
    throw Error(fmt::format("the names and attributes in the archive take more than {} MiB",
                            kMaxNameBytes >> 20));
  if (free_.empty()) {
    inodes_.emplace_back();
    free_.push_back(static_cast<uint32_t>(inodes_.size() - 1));
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  inodes_[index] = {std::move(entry), 0};
  return index;
}

void ArchiveTree::add_name(const std::string& path, uint32_t inode) {
  if (names_.size() >= kMaxEntries)
    throw Error(fmt::format("the archive has more than {} entries", kMaxEntries));
  const Entry& entry = inodes_[inode].entry;
  if (entry.type == Type::Symlink) symlinks_[path] = entry.link;
  // The parent remembered may be, or lead through, what is a directory no more.
  if (entry.type == Type::Symlink ||
      (entry.type != Type::Dir && is_or_below(last_real_parent_, path)))
    last_parent_valid_ = false;
  ++inodes_[inode].names;
  names_.emplace(path, inode);
}

ArchiveTree::Names::iterator ArchiveTree::remove(Names::iterator at) {
  Inode& inode = inodes_[at->second];
  if (inode.entry.type == Type::Symlink) symlinks_.erase(at->first);
  if (--inode.names == 0) {
    free_.push_back(at->second);
    inode.entry = Entry();
  }
  last_parent_valid_ = false;
  return names_.erase(at);
}

// Takes away what is at `path` and below it.
void ArchiveTree::make_room(const std::string& path) {
  auto at = names_.lower_bound(path);
  while (at != names_.end() && is_or_below(at->first, path)) at = remove(at);
}

void ArchiveTree::put(Entry entry) {
  std::string path = entry.path;
  const auto old = names_.find(path);
  if (entry.type == Type::Dir) {
    if (old != names_.end() && entry_at(old).type == Type::Dir) {
      entry.opaque |= entry_at(old).opaque;
      entry_at(old) = std::move(entry);
      return;
    }
    entry.opaque |= old != names_.end() && entry_at(old).type == Type::Whiteout;
    if (old != names_.end()) remove(old);
  } else {
    if (path.empty()) throw Error("the archive is refused: its root is not a directory");
    make_room(path);
  }
  const uint32_t inode = add_inode(std::move(entry));
  add_name(path, inode);
}

Entry& ArchiveTree::file(const std::string& path) {
  const auto at = names_.find(path);
  CHECK(at != names_.end());
  return entry_at(at);
}

bool ArchiveTree::link(const std::string& path, const std::string& existing, bool must_exist) {
  const auto refuse = [&](std::string_view why) {
    throw Error(fmt::format("the archive's entry {} is refused: {}", path, why));
  };
  const auto target = names_.find(existing);
  const bool there = target != names_.end() && entry_at(target).type != Type::Whiteout;
  if (path.empty() || existing.empty() || existing.starts_with(path + "/"))
    refuse("it is a hard link to what it replaces");
  if (there && entry_at(target).type == Type::Dir)
    refuse(fmt::format("it is a hard link to the directory {}", existing));
  if (!there && (must_exist || path == existing))
    refuse(fmt::format("it is a hard link to {}, which the archive does not have before it",
                       existing));
  uint32_t inode = 0;
  if (there) {
    inode = target->second;
    const auto old = names_.find(path);
    if (old != names_.end() && old->second == inode) return false;
    make_room(path);
  } else {
    make_room(path);
    Entry entry;
    entry.path = path;
    entry.type = Type::Hardlink;
    entry.link = existing;
    inode = add_inode(std::move(entry));
  }
  add_name(path, inode);
  return true;
}

void ArchiveTree::whiteout(const std::string& path) {
  const auto at = names_.find(path);
  if (at != names_.end()) {
    // Whiteouts only mean the layers below: what this layer has stays.
    if (entry_at(at).type == Type::Dir) entry_at(at).opaque = true;
    return;
  }
  if (has_anything_below(path)) {
    opaque(path);
    return;
  }
  Entry entry;
  entry.path = path;
  entry.type = Type::Whiteout;
  add_name(path, add_inode(std::move(entry)));
}

void ArchiveTree::opaque(const std::string& dir) {
  auto at = names_.find(dir);
  if (at == names_.end()) {
    add_name(dir, add_inode(implied_directory(dir)));
    at = names_.find(dir);
  }
  CHECK(entry_at(at).type == Type::Dir);  // resolve() has seen to it
  entry_at(at).opaque = true;
}

bool ArchiveTree::has_anything_below(const std::string& dir) const {
  const auto at = names_.upper_bound(dir);
  return at != names_.end() && is_or_below(at->first, dir);
}

tree::Tree ArchiveTree::finish() {
  std::vector<Entry> out;
  out.reserve(names_.size());
  std::unordered_map<uint32_t, size_t> first_names;  // of inodes with several
  for (const auto& [path, index] : names_) {
    Inode& inode = inodes_[index];
    const auto [first, is_first] = inode.names > 1 ? first_names.emplace(index, out.size())
                                                   : std::pair(first_names.end(), true);
    if (is_first) {
      out.push_back(std::move(inode.entry));
      out.back().path = path;
      if (out.back().type == Type::File && !disk_root_.empty())
        out.back().content.disk_path = fmt::format("{}/{}", disk_root_, path);
      continue;
    }
    Entry link;
    link.path = path;
    link.type = Type::Hardlink;
    link.link = out[first->second].path;
    out.push_back(std::move(link));
  }
  names_.clear();
  inodes_.clear();
  free_.clear();
  symlinks_.clear();
  return tree::Tree(std::move(out));
}

}  // namespace slipway::layer

#include "layer/diff.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <vector>

#include "base/error.h"
#include "layer/dir_writer.h"
#include "layer/order.h"
#include "os/fd.h"

namespace slipway::layer {
namespace {

using tree::Entry;
using tree::Type;

// Attributes that mean the same on every machine. Others come from the host (SELinux labels, IMA)
// or are visible to root alone (trusted.*), and a layer must not depend on either.
bool belongs_to_the_image(std::string_view name) {
  return name == "security.capability" || name.starts_with("system.posix_acl_") ||
         (name.starts_with("user.") && !name.starts_with("user.overlay."));
}

bool says_opaque(std::string_view name) {
  return name == "user.overlay.opaque" || name == "trusted.overlay.opaque";
}

class UpperWalk {
 public:
  explicit UpperWalk(std::string upper) : upper_(std::move(upper)) {}

  tree::Tree run() {
    const os::UniqueFd root = os::open_file(upper_, O_RDONLY | O_DIRECTORY);
    struct stat st{};
    if (::fstat(root.get(), &st) != 0) throw errno_error("inspect", upper_);
    Entry entry = metadata("", st);
    entry.type = Type::Dir;
    read_xattrs(entry);
    if (entry.mode != 0755 || entry.uid != 0 || entry.gid != 0 || !entry.xattrs.empty() ||
        entry.opaque)
      entries_.push_back(std::move(entry));
    directory(root.get(), "");
    return tree::Tree(std::move(entries_));
  }

 private:
  static Entry metadata(std::string path, const struct stat& st) {
    Entry entry;
    entry.path = std::move(path);
    entry.mode = st.st_mode & 07777;
    entry.uid = st.st_uid;
    entry.gid = st.st_gid;
    entry.mtime_ns = st.st_mtim.tv_sec * int64_t{1'000'000'000} + st.st_mtim.tv_nsec;
    return entry;
  }

  std::string disk_path(std::string_view path) const {
    return path.empty() ? upper_ : fmt::format("{}/{}", upper_, path);
  }

  void directory(int fd, const std::string& path) {
    std::vector<std::string> names;
    {
      const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
      const std::unique_ptr<DIR, int (*)(DIR*)> dir(copy < 0 ? nullptr : ::fdopendir(copy),
                                                    &::closedir);
      if (!dir) throw errno_error("list", disk_path(path));
      errno = 0;
      while (const dirent* entry = ::readdir(dir.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
      }
      if (errno != 0) throw errno_error("list", disk_path(path));
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names)
      one(fd, path.empty() ? name : fmt::format("{}/{}", path, name), name);
  }

  void one(int parent, std::string path, const std::string& name) {
    struct stat st{};
    if (::fstatat(parent, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
      throw errno_error("inspect", disk_path(path));
    if (S_ISSOCK(st.st_mode)) return;
    Entry entry = metadata(std::move(path), st);
    if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
      Entry whiteout;
      whiteout.path = std::move(entry.path);
      whiteout.type = Type::Whiteout;
      entries_.push_back(std::move(whiteout));
      return;
    }
    if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
      const auto [first, is_first] = first_names_.try_emplace({st.st_dev, st.st_ino}, entry.path);
      if (!is_first) {
        Entry link;
        link.path = std::move(entry.path);
        link.type = Type::Hardlink;
        link.link = first->second;
        entries_.push_back(std::move(link));
        return;
      }
    }
    switch (st.st_mode & S_IFMT) {
      case S_IFREG:
        entry.type = Type::File;
        entry.size = static_cast<uint64_t>(st.st_size);
        if (entry.size > 0) entry.content.disk_path = disk_path(entry.path);
        break;
      case S_IFDIR:
        entry.type = Type::Dir;
        break;
      case S_IFLNK:
        entry.type = Type::Symlink;
        entry.mode = 0777;
        entry.link = read_link(parent, name, static_cast<size_t>(st.st_size));
        break;
      case S_IFIFO:
        entry.type = Type::Fifo;
        break;
      default:
        entry.type = S_ISCHR(st.st_mode) ? Type::CharDevice : Type::BlockDevice;
        entry.device_major = major(st.st_rdev);
        entry.device_minor = minor(st.st_rdev);
    }
    read_xattrs(entry);
    const bool is_dir = entry.type == Type::Dir;
    entries_.push_back(std::move(entry));
    if (!is_dir) return;
    const os::UniqueFd fd = os::open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    directory(fd.get(), std::string(entries_.back().path));
  }

  std::string read_link(int parent, const std::string& name, size_t size) {
    std::string target(size + 1, '\0');
    const ssize_t n = ::readlinkat(parent, name.c_str(), target.data(), target.size());
    if (n < 0) throw errno_error("read the link", name);
    target.resize(static_cast<size_t>(n));
    return target;
  }

  void read_xattrs(Entry& entry) {
    const std::string path = disk_path(entry.path);
    ssize_t size = ::llistxattr(path.c_str(), names_.data(), names_.size());
    if (size < 0 && errno == ERANGE) {
      names_.resize(XATTR_LIST_MAX);
      size = ::llistxattr(path.c_str(), names_.data(), names_.size());
    }
    if (size < 0 && errno != ENOTSUP) throw errno_error("list the attributes of", path);
    for (const char* name = names_.data(); size > 0 && name < names_.data() + size;
         name += std::string_view(name).size() + 1) {
      if (says_opaque(name) && get_xattr(path, name) == "y") entry.opaque = true;
      if (std::string_view(name).ends_with(".overlay.redirect"))
        throw Error(
            "the directory was written by an overlay mount with redirect_dir, which no layer can "
            "express",
            path);
      if (belongs_to_the_image(name)) entry.xattrs.emplace_back(name, get_xattr(path, name));
    }
    std::sort(entry.xattrs.begin(), entry.xattrs.end());
  }

  static std::string get_xattr(const std::string& path, const char* name) {
    std::string value(256, '\0');
    ssize_t size = ::lgetxattr(path.c_str(), name, value.data(), value.size());
    if (size < 0 && errno == ERANGE) {
      value.resize(XATTR_SIZE_MAX);
      size = ::lgetxattr(path.c_str(), name, value.data(), value.size());
    }
    if (size < 0) throw errno_error(fmt::format("read the attribute {} of", name), path);
    value.resize(static_cast<size_t>(size));
    return value;
  }

  const std::string upper_;
  std::vector<Entry> entries_;
  std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
  std::string names_ = std::string(1024, '\0');
};

void copy_content(const Entry& entry, int to) {
  if (!entry.content.bytes.empty()) {
    os::write_all(to, entry.content.bytes);
    return;
  }
  if (entry.size == 0) return;
  const os::UniqueFd from =
      os::open_file(entry.content.disk_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat st{};
  if (::fstat(from.get(), &st) != 0) throw errno_error("inspect", entry.content.disk_path);
  const bool cloned = S_ISREG(st.st_mode) && static_cast<uint64_t>(st.st_size) == entry.size &&
                      ::ioctl(to, FICLONE, from.get()) == 0;
  if (cloned) return;
  const uint64_t copied =
      S_ISREG(st.st_mode) ? os::copy_bytes(from.get(), to, static_cast<int64_t>(entry.size)) : 0;
  if (copied != entry.size || static_cast<uint64_t>(st.st_size) != entry.size)
    throw Error(fmt::format("{} changed while it was read: it had {} bytes a moment ago",
                            entry.path, entry.size),
                entry.content.disk_path, "build again when nothing writes to it");
}

}  // namespace

tree::Tree read_upper(const std::string& upper) { return UpperWalk(upper).run(); }

void materialize(const tree::Tree& tree, const std::string& target, bool tolerate_chown_failure) {
  DirWriter writer(
      target, {.tolerate_chown_failure = tolerate_chown_failure, .tolerate_device_failure = true});
  for (const Placed& placed : write_order(tree)) {
    if (!placed.hard_link.empty()) {
      writer.link(placed.path, placed.hard_link);
      continue;
    }
    if (placed.entry->type == Type::Whiteout) {
      writer.whiteout(placed.path);
      continue;
    }
    Entry renamed;
    const Entry* entry = placed.entry;
    if (entry->path != placed.path) {
      renamed = *entry;
      renamed.path = placed.path;
      entry = &renamed;
    }
    if (entry->type != Type::File) {
      writer.make(*entry);
      continue;
    }
    os::UniqueFd file = writer.create_file(entry->path);
    copy_content(*entry, file.get());
    writer.close_file(std::move(file), *entry);
  }
  writer.finish(tree);
}

}  // namespace slipway::layer

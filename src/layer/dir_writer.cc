#include "layer/dir_writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::layer {
namespace {

using tree::Entry;
using tree::Type;

constexpr size_t kMaxOpenDirs = 256;
constexpr int64_t kNanos = 1'000'000'000;

timespec as_timespec(int64_t ns) {
  int64_t seconds = ns / kNanos, rest = ns % kNanos;
  if (rest < 0) {
    rest += kNanos;
    --seconds;
  }
  return {.tv_sec = seconds, .tv_nsec = rest};
}

struct Times {
  explicit Times(int64_t ns) : both{as_timespec(ns), as_timespec(ns)} {}
  timespec both[2];
};

// For the calls that exist for paths only. The magic link is our own descriptor; the name behind it
// is not followed by the l*xattr calls.
std::string path_through(int dir, std::string_view name) {
  return fmt::format("/proc/self/fd/{}/{}", dir, name);
}

}  // namespace

DirWriter::DirWriter(const std::string& target, Options options)
    : options_(options),
      root_(os::open_file(target, O_RDONLY | O_DIRECTORY)),
      own_uid_(::geteuid()),
      own_gid_(::getegid()) {
  struct stat st{};
  if (::fstat(root_.get(), &st) != 0) throw errno_error("inspect", target);
  inherits_group_ = st.st_mode & S_ISGID;
}

DirWriter::Spot DirWriter::spot(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return {root_.get(), std::string(path)};
  return {directory(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

// The open directory at `path`, made if it is not there. Kept open, as the next entry is usually in
// it too; the ones on the way to it are not, so that no path is too deep.
int DirWriter::directory(std::string_view path) {
  if (last_fd_ >= 0 && last_dir_ == path) return last_fd_;
  if (open_dirs_.size() >= kMaxOpenDirs) open_dirs_.clear();
  last_fd_ = -1;
  last_dir_ = path;
  auto known = open_dirs_.find(last_dir_);
  size_t end = path.size();
  int from = root_.get();
  while (known == open_dirs_.end()) {
    const size_t slash = path.rfind('/', end - 1);
    end = slash == path.npos ? 0 : slash;
    if (end == 0) break;
    known = open_dirs_.find(std::string(path.substr(0, end)));
  }
  if (known != open_dirs_.end()) from = known->second.get();
  os::UniqueFd step;
  while (end < path.size()) {
    const size_t begin = end == 0 ? 0 : end + 1;
    end = std::min(path.find('/', begin), path.size());
    step = enter({from, std::string(path.substr(begin, end - begin))}, path.substr(0, end));
    from = step.get();
  }
  if (step) open_dirs_.emplace(path, std::move(step));
  return last_fd_ = from;
}

os::UniqueFd DirWriter::enter(const Spot& at, std::string_view path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  os::UniqueFd fd(::openat(at.parent, at.name.c_str(), kFlags));
  if (fd) return fd;
  if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
    throw errno_error("open directory", path);
  struct stat st{};
  const bool there = ::fstatat(at.parent, at.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
  const bool is_whiteout = there && S_ISCHR(st.st_mode) && st.st_rdev == 0;
  if (there && !is_whiteout)
    throw Error(fmt::format("{} is not a directory, so nothing can be put into it", path), {},
                "it was there before, or leads elsewhere");
  if (is_whiteout && ::unlinkat(at.parent, at.name.c_str(), 0) != 0)
    throw errno_error("replace", path);
  if (::mkdirat(at.parent, at.name.c_str(), 0755) != 0) throw errno_error("create directory", path);
  fd.reset(::openat(at.parent, at.name.c_str(), kFlags));
  if (!fd) throw errno_error("open directory", path);
  // Whatever the process's umask made of it.
  if (::fchmodat(at.parent, at.name.c_str(), 0755, 0) != 0)
    throw errno_error("set the mode of", path);
  implied_.emplace_back(path);
  return fd;
}

// Removes what is in the way.
void DirWriter::clear(const Spot& at, std::string_view path) {
  if (::unlinkat(at.parent, at.name.c_str(), 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR && errno != EPERM) throw errno_error("replace", path);
  os::remove_tree(path_through(at.parent, at.name));
  // Descriptors of what was in it are of no use any more; `at` is not below it.
  std::erase_if(open_dirs_, [&](const auto& open) {
    return open.first.starts_with(path) &&
           (open.first.size() == path.size() || open.first[path.size()] == '/');
  });
  last_fd_ = -1;
}

template <typename Create>
int DirWriter::create(const Spot& at, std::string_view path, const Create& create) {
  int result = create();
  if (result < 0 && errno == EEXIST) {
    clear(at, path);
    result = create();
  }
  return result;
}

os::UniqueFd DirWriter::create_file(std::string_view path) {
  const Spot at = spot(path);
  const int fd = create(at, path, [&] {
    return ::openat(at.parent, at.name.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  });
  if (fd < 0) throw errno_error("create", path);
  return os::UniqueFd(fd);
}

// The order matters: writing and chown take capabilities and setuid bits away, and a read-only mode
// would keep an unprivileged owner from setting attributes.
void DirWriter::close_file(os::UniqueFd file, const Entry& entry) {
  set_owner({}, file.get(), entry);
  set_xattrs({}, file.get(), entry);
  if (::fchmod(file.get(), entry.mode) != 0) throw errno_error("set the mode of", entry.path);
  if (::futimens(file.get(), Times(entry.mtime_ns).both) != 0)
    throw errno_error("set the time of", entry.path);
}

void DirWriter::make(const Entry& entry) {
  if (entry.path.empty()) {
    CHECK(entry.type == Type::Dir);
    return;
  }
  const Spot at = spot(entry.path);
  const char* const name = at.name.c_str();
  if (entry.type == Type::Dir) {
    if (::mkdirat(at.parent, name, 0700) == 0) return;
    struct stat st{};
    if (errno == EEXIST && ::fstatat(at.parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode))
      return;
    if (create(at, entry.path, [&] { return ::mkdirat(at.parent, name, 0700); }) != 0)
      throw errno_error("create directory", entry.path);
    return;
  }
  const int made = create(at, entry.path, [&] {
    switch (entry.type) {
      case Type::Symlink:
        return ::symlinkat(entry.link.c_str(), at.parent, name);
      case Type::Fifo:
        return ::mknodat(at.parent, name, S_IFIFO | 0600, 0);
      case Type::CharDevice:
      case Type::BlockDevice:
        return ::mknodat(at.parent, name,
                         (entry.type == Type::CharDevice ? S_IFCHR : S_IFBLK) | 0600,
                         ::makedev(entry.device_major, entry.device_minor));
      default:
        CHECK(false);
    }
    return -1;
  });
  const bool is_device = entry.type == Type::CharDevice || entry.type == Type::BlockDevice;
  if (made != 0 && is_device && errno == EPERM && options_.tolerate_device_failure) {
    ++skipped_devices_;
    return;
  }
  if (made != 0) throw errno_error("create", entry.path);
  set_owner(at, -1, entry);
  set_xattrs(at, -1, entry);
  if (entry.type != Type::Symlink && ::fchmodat(at.parent, name, entry.mode, 0) != 0)
    throw errno_error("set the mode of", entry.path);
  if (::utimensat(at.parent, name, Times(entry.mtime_ns).both, AT_SYMLINK_NOFOLLOW) != 0)
    throw errno_error("set the time of", entry.path);
}

void DirWriter::link(std::string_view path, std::string_view existing) {
  const Spot at = spot(path);
  clear(at, path);
  // Opening the other directory may close this one when too many are open.
  const os::UniqueFd parent(::fcntl(at.parent, F_DUPFD_CLOEXEC, 0));
  if (!parent) throw errno_error("open the directory of", path);
  const Spot from = spot(existing);
  // Without AT_SYMLINK_FOLLOW a link to a symbolic link is one to the link itself.
  if (::linkat(from.parent, from.name.c_str(), parent.get(), at.name.c_str(), 0) != 0)
    throw errno_error(fmt::format("make a hard link to {} at", existing), path);
}

void DirWriter::whiteout(std::string_view path) {
  const Spot at = spot(path);
  if (::mknodat(at.parent, at.name.c_str(), S_IFCHR | 0600, ::makedev(0, 0)) != 0 &&
      errno != EEXIST)
    throw errno_error("create the overlay whiteout", path);
}

// `fd` if there is one, else the name without following it.
void DirWriter::set_owner(const Spot& at, int fd, const Entry& entry) {
  if (entry.uid == own_uid_ && entry.gid == own_gid_ && !inherits_group_) return;
  const int result =
      fd >= 0 ? ::fchown(fd, entry.uid, entry.gid)
              : ::fchownat(at.parent, at.name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW);
  if (result == 0) return;
  if (!options_.tolerate_chown_failure || (errno != EPERM && errno != EINVAL))
    throw errno_error(fmt::format("give to user {} and group {}", entry.uid, entry.gid),
                      entry.path);
  lost_owners_ = true;
}

void DirWriter::set_xattrs(const Spot& at, int fd, const Entry& entry) {
  for (const auto& [name, value] : entry.xattrs) {
    const int result = fd >= 0 ? ::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0)
                               : ::lsetxattr(path_through(at.parent, at.name).c_str(), name.c_str(),
                                             value.data(), value.size(), 0);
    if (result == 0) continue;
    // Losing a capability makes a program fail later, in a way that nobody can explain.
    if (name == "security.capability" && !options_.tolerate_chown_failure)
      throw errno_error("set the capabilities of", entry.path);
    if (errno == ENOSPC || errno == EDQUOT || errno == EIO)
      throw errno_error("set the attribute " + name + " of", entry.path);
    ++lost_xattrs_;
  }
}

void DirWriter::finish(const tree::Tree& tree) {
  for (const std::string& path : implied_) {
    if (tree.find(path)) continue;
    const Spot at = spot(path);
    // It may have been replaced since; its time is a nicety.
    ::utimensat(at.parent, at.name.c_str(), Times(0).both, AT_SYMLINK_NOFOLLOW);
  }
  const auto& entries = tree.entries();
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->type != Type::Dir) continue;
    const bool is_root = entry->path.empty();
    const Spot at = is_root ? Spot{root_.get(), "."} : spot(entry->path);
    set_owner(at, -1, *entry);
    set_xattrs(at, -1, *entry);
    if (entry->opaque && ::lsetxattr(path_through(at.parent, at.name).c_str(),
                                     "user.overlay.opaque", "y", 1, 0) != 0)
      throw errno_error("mark as opaque", entry->path);
    if (::fchmodat(at.parent, at.name.c_str(), entry->mode, 0) != 0)
      throw errno_error("set the mode of", entry->path);
    if (::utimensat(at.parent, at.name.c_str(), Times(entry->mtime_ns).both, AT_SYMLINK_NOFOLLOW) !=
        0)
      throw errno_error("set the time of", entry->path);
  }
}

}  // namespace slipway::layer

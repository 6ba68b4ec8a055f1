// Mounting the overlay, looking for missing mount points through it, and mounting it again with the
// layer that has them. Images of distributions have all the usual ones, so that the second mount is
// rare.
#include "exec/rootfs.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "exec/mounts.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel's own limit

os::UniqueFd open_in_root(int root, const std::string& path, int flags,
                          uint64_t resolve = RESOLVE_IN_ROOT) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = resolve;
  return os::UniqueFd(
      static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> out;
  for (auto& part : split(path, '/'))
    if (!part.empty() && part != ".") out.push_back(std::move(part));
  return out;
}

std::string path_of(const std::vector<std::string>& parts) { return "/" + join(parts, "/"); }

bool is_below(std::string_view path, std::string_view directory) {
  return directory == "/" || (path.starts_with(directory) &&
                              (path.size() == directory.size() || path[directory.size()] == '/'));
}

/// Builds the layer of missing mount points in `directory`. Returns whether there are any.
bool make_stubs(int root, const std::vector<MountPoint>& points, const std::string& directory) {
  std::set<std::string> covered;  // directories of the image that the stubs need to lie in
  std::vector<std::string> mounted;
  bool any = false;
  for (const auto& point : points) {
    const Resolved place = resolve_in_root(root, point.target);
    const bool is_inside_mount =
        std::any_of(mounted.begin(), mounted.end(),
                    [&](const auto& outer) { return is_below(place.path, outer); });
    mounted.push_back(place.path);
    // Inside another mount the runtime makes the mount point in what is mounted there.
    if (place.exists || is_inside_mount) continue;
    if (!any) os::make_dirs(directory);
    any = true;
    auto parts = components(place.path);
    const std::string name = parts.back();
    parts.pop_back();
    std::string parent;
    for (const auto& part : parts) {
      parent += "/" + part;
      os::make_dirs(directory + parent);
      covered.insert(parent);
    }
    const std::string stub = directory + place.path;
    if (point.is_directory)
      os::make_dirs(stub);
    else
      os::open_file(stub, O_CREAT | O_WRONLY, 0644);
  }
  // Deepest first: making a child changes the time of its parent.
  for (auto path = covered.rbegin(); path != covered.rend(); ++path) {
    const os::UniqueFd original = open_in_root(root, *path, O_RDONLY | O_DIRECTORY);
    if (original) copy_directory_attributes(original.get(), directory + *path);
  }
  return any;
}

}  // namespace

void copy_directory_attributes(int from, const std::string& to) {
  struct stat st{};
  if (::fstat(from, &st) != 0) throw errno_error("inspect", to);
  std::vector<char> names(64 * 1024);
  const ssize_t length = ::flistxattr(from, names.data(), names.size());
  for (ssize_t at = 0; at < length;) {
    const std::string name(&names[static_cast<size_t>(at)]);
    at += static_cast<ssize_t>(name.size()) + 1;
    std::vector<char> value(64 * 1024);
    const ssize_t size = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    // Labels of security modules are the host's business and may not be ours to set.
    if (size >= 0) ::setxattr(to.c_str(), name.c_str(), value.data(), static_cast<size_t>(size), 0);
  }
  // An id that is not mapped here cannot be given; nor can the step see it as anything but nobody.
  if (::lchown(to.c_str(), st.st_uid, st.st_gid) != 0 && errno != EINVAL && errno != EPERM)
    throw errno_error("change the owner of", to);
  if (::chmod(to.c_str(), st.st_mode & 07777) != 0) throw errno_error("change the mode of", to);
  const timespec times[2] = {st.st_atim, st.st_mtim};
  if (::utimensat(AT_FDCWD, to.c_str(), times, 0) != 0) throw errno_error("set the time of", to);
}

Resolved resolve_in_root(int root, std::string_view path) {
  Resolved result;
  std::vector<std::string> done, todo = components(path);
  std::reverse(todo.begin(), todo.end());
  int links = 0;
  result.exists = true;
  while (!todo.empty()) {
    const std::string part = std::move(todo.back());
    todo.pop_back();
    if (part == "..") {
      if (!done.empty()) done.pop_back();
      continue;
    }
    done.push_back(part);
    // The parts before are known to be no links, so this looks at exactly the last one.
    const os::UniqueFd fd = open_in_root(root, path_of(done), O_PATH | O_NOFOLLOW);
    result.exists = bool(fd);
    if (!fd) {
      if (errno != ENOENT && errno != ENOTDIR) throw errno_error("look up", path_of(done));
      continue;
    }
    struct stat st{};
    if (::fstat(fd.get(), &st) != 0) throw errno_error("inspect", path_of(done));
    if (!S_ISLNK(st.st_mode)) continue;
    if (++links > kMaxLinks) throw Error("too many symbolic links", std::string(path));
    char target[4096];
    const ssize_t length = ::readlinkat(fd.get(), "", target, sizeof target);
    if (length < 0) throw errno_error("read the link", path_of(done));
    const std::string_view text(target, static_cast<size_t>(length));
    done.pop_back();
    if (text.starts_with('/')) done.clear();
    auto more = components(text);
    todo.insert(todo.end(), more.rbegin(), more.rend());
  }
  result.path = path_of(done);
  return result;
}

Rootfs::Rootfs(const RootfsSpec& spec) {
  Overlay overlay{spec.lowers, spec.upper, spec.scratch};
  if (overlay.lowers.empty()) {
    overlay.lowers.push_back(spec.scratch + "/empty");
    os::make_dirs(overlay.lowers[0]);
  }
  mount_ = overlay_mount(overlay);
  const std::string stubs = spec.scratch + "/mount-points";
  if (!make_stubs(mount_.get(), spec.mount_points, stubs)) return;
  // Two overlays may not write to one directory: the first must be gone, and its work directory
  // with it.
  mount_.reset();
  os::remove_tree(spec.scratch + "/work");
  overlay.lowers.push_back(stubs);
  mount_ = overlay_mount(overlay);
}

std::string Rootfs::read_file(const std::string& path) const {
  const os::UniqueFd fd = open_in_root(mount_.get(), path, O_RDONLY | O_NONBLOCK);
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode)) return {};
  return os::read_all(fd.get());
}

void Rootfs::make_dirs(const std::string& path) const {
  if (open_in_root(mount_.get(), path, O_PATH | O_DIRECTORY)) return;
  std::string made;
  for (const auto& part : components(resolve_in_root(mount_.get(), path).path)) {
    const os::UniqueFd parent =
        open_in_root(mount_.get(), made.empty() ? "/" : made, O_PATH | O_DIRECTORY);
    if (!parent) throw errno_error("open", made);
    if (::mkdirat(parent.get(), part.c_str(), 0755) != 0 && errno != EEXIST)
      throw errno_error("create directory", made + "/" + part);
    made += "/" + part;
  }
}

}  // namespace slipway::exec

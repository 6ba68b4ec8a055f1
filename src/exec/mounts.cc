// Detached mounts: fsopen and open_tree where the kernel has all we need, mount(2) with a short
// option string else.
#include "exec/mounts.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <thread>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

constexpr size_t kMaxLowers = 500;  // OVL_MAX_STACK of the kernel

/// What the kernel wrote about the last failure, or nothing: "overlay: ...".
std::string kernel_message(int context) {
  char buffer[1024];
  const ssize_t n = ::read(context, buffer, sizeof buffer - 1);
  if (n <= 2) return {};
  std::string text(buffer + 2, static_cast<size_t>(n) - 2);  // "e " before the text
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

void ensure_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    throw errno_error("create directory", path);
}

Error overlay_error(int error, const std::string& detail, const Overlay& overlay) {
  errno = error;
  Error failure = errno_error("mount an overlay over", overlay.upper);
  if (!detail.empty()) failure.while_doing("the kernel says: " + detail);
  if (error == EINVAL)
    failure.hint(
        "the store must be on a file system that overlayfs can write to (ext4, xfs, btrfs, tmpfs), "
        "not on an "
        "overlay or a network share; inside a container, put it on a volume");
  if (error == EPERM) failure.hint("overlayfs in a user namespace needs Linux 5.11 or newer");
  return failure;
}

/// fsconfig takes strings of at most 255 bytes; a longer path goes through its descriptor.
struct PathOption {
  explicit PathOption(const std::string& path) : text(path) {
    if (path.size() < 256) return;
    holder = os::open_file(path, O_PATH | O_DIRECTORY);
    text = fmt::format("/proc/self/fd/{}", holder.get());
  }
  os::UniqueFd holder;
  std::string text;
};

}  // namespace

os::UniqueFd clone_mount(const std::string& path, ReadOnly read_only) {
  os::UniqueFd mount(
      ::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  if (!mount) throw errno_error("bind", path);
  if (read_only == ReadOnly::Yes) make_read_only(mount.get(), path);
  return mount;
}

void make_read_only(int mount, const std::string& what) {
  struct mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
    throw errno_error("make read-only", what);
}

std::vector<std::string> mount_flags(int mount) {
  struct statvfs st{};
  if (::fstatvfs(mount, &st) != 0) throw errno_error("inspect a mount");
  std::vector<std::string> flags;
  if (st.f_flag & ST_RDONLY) flags.emplace_back("ro");
  if (st.f_flag & ST_NOSUID) flags.emplace_back("nosuid");
  if (st.f_flag & ST_NODEV) flags.emplace_back("nodev");
  if (st.f_flag & ST_NOEXEC) flags.emplace_back("noexec");
  return flags;
}

os::UniqueFd copy_mount(int mount) {
  os::UniqueFd copy(
      ::open_tree(mount, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH));
  if (!copy) throw errno_error("copy a mount");
  return copy;
}

int try_attach_mount(int mount, const char* target) {
  return ::move_mount(mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) == 0 ? 0 : errno;
}

void attach_mount(int mount, const std::string& target) {
  if (const int error = try_attach_mount(mount, target.c_str())) {
    errno = error;
    throw errno_error("mount on", target);
  }
}

os::UniqueFd overlay_mount(const Overlay& overlay) {
  CHECK(!overlay.lowers.empty());
  if (overlay.lowers.size() > kMaxLowers)
    throw Error(fmt::format("a stack of {} layers is more than the {} that overlayfs can mount",
                            overlay.lowers.size(), kMaxLowers),
                {}, "join several RUN or COPY instructions into one");
  const std::string work = overlay.work + "/work";
  ensure_dir(work);
  const os::UniqueFd context(::fsopen("overlay", FSOPEN_CLOEXEC));
  if (!context) {
    if (errno == ENODEV)
      throw Error("this kernel has no overlayfs", {}, "load it on the host: modprobe overlay");
    throw overlay_error(errno, {}, overlay);
  }
  const auto set = [&](const char* key, const char* value) {
    return ::fsconfig(context.get(), value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, key, value,
                      0) == 0;
  };
  for (auto lower = overlay.lowers.rbegin(); lower != overlay.lowers.rend(); ++lower) {
    const PathOption path(*lower);
    if (set("lowerdir+", path.text.c_str())) continue;
    const int error = errno;
    const std::string detail = kernel_message(context.get());
    // Kernels before 6.5 do not know the option, whatever its value.
    if (error == EINVAL && lower == overlay.lowers.rbegin() && os::is_directory(*lower))
      return overlay_mount_by_option_string(overlay);
    throw overlay_error(error, detail, overlay);
  }
  const PathOption upper(overlay.upper), work_path(work);
  const bool is_set = set("source", "slipway") && set("upperdir", upper.text.c_str()) &&
                      set("workdir", work_path.text.c_str()) && set("userxattr", nullptr) &&
                      set("volatile", nullptr) && set("index", "off") && set("metacopy", "off");
  if (!is_set || ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    const int error = errno;
    throw overlay_error(error, kernel_message(context.get()), overlay);
  }
  os::UniqueFd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!mount) throw overlay_error(errno, kernel_message(context.get()), overlay);
  return mount;
}

os::UniqueFd overlay_mount_by_option_string(const Overlay& overlay) {
  // The option string must fit a page: links with short names stand for the lower directories. They
  // are relative to the working directory, which a thread of its own may change without disturbing
  // the others.
  const std::string links = overlay.work + "/l", merged = overlay.work + "/merged";
  ensure_dir(overlay.work + "/work");
  ensure_dir(links);
  ensure_dir(merged);
  std::string lowerdir;
  for (size_t i = overlay.lowers.size(); i-- > 0;) {
    const std::string name = fmt::format("{:x}", i);
    if (::symlink(overlay.lowers[i].c_str(), (links + "/" + name).c_str()) != 0 && errno != EEXIST)
      throw errno_error("create a link in", links);
    lowerdir += (lowerdir.empty() ? "" : ":") + name;
  }
  const auto link_to = [&](const char* name, const std::string& target) {
    if (::symlink(target.c_str(), (links + "/" + name).c_str()) != 0 && errno != EEXIST)
      throw errno_error("create a link in", links);
  };
  link_to("u", overlay.upper);
  link_to("w", overlay.work + "/work");
  const std::string options = fmt::format(
      "lowerdir={},upperdir=u,workdir=w,userxattr,volatile,index=off,metacopy=off", lowerdir);
  os::UniqueFd mount;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      if (::unshare(CLONE_FS) != 0 || ::chdir(links.c_str()) != 0)
        throw errno_error("enter", links);
      if (options.size() >= 4096)
        throw Error(
            fmt::format("a stack of {} layers is too long for this kernel", overlay.lowers.size()),
            {}, "join several RUN or COPY instructions into one, or use Linux 6.5 or newer");
      if (::mount("slipway", merged.c_str(), "overlay", 0, options.c_str()) != 0)
        throw overlay_error(errno, {}, overlay);
      mount =
          os::UniqueFd(::open_tree(AT_FDCWD, merged.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
      const int error = errno;
      ::umount2(merged.c_str(), MNT_DETACH);
      if (!mount) throw overlay_error(error, {}, overlay);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return mount;
}

}  // namespace slipway::exec

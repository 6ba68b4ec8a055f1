// Preparing mounts in the bundle. Read-only is enforced here, on the detached mount and all below
// it; the runtime only binds.
#include "exec/step_mounts.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "exec/etc_files.h"
#include "exec/mounts.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

/// A view of what `item` shows that may be written to without a trace.
os::UniqueFd scratch_copy(const BindMount& item, bool is_directory, const std::string& work) {
  const std::string& source = item.source;
  os::make_dirs(work);
  if (!is_directory) {
    const std::string copy = work + "/file";
    const os::UniqueFd from = os::open_file(source, O_RDONLY);
    struct stat st{};
    if (::fstat(from.get(), &st) != 0) throw errno_error("inspect", source);
    const os::UniqueFd to = os::open_file(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    os::copy_bytes(from.get(), to.get());
    if (::fchown(to.get(), st.st_uid, st.st_gid) != 0 && errno != EINVAL && errno != EPERM)
      throw errno_error("change the owner of", copy);
    if (::fchmod(to.get(), st.st_mode & 07777) != 0) throw errno_error("change the mode of", copy);
    return clone_mount(copy, ReadOnly::No);
  }
  const std::string upper = work + "/upper";
  os::make_dirs(upper);
  copy_directory_attributes(os::open_file(source, O_RDONLY | O_DIRECTORY).get(), upper);
  std::vector<std::string> lowers = item.below;
  lowers.push_back(source);
  return overlay_mount({std::move(lowers), upper, work});
}

}  // namespace

void StepMounts::add(os::UniqueFd mount, std::string place, std::string target) {
  attach.emplace_back(mount.get(), place);
  config.push_back({std::move(place), std::move(target), 0, mount_flags(mount.get())});
  owned.push_back(std::move(mount));
}

StepMounts prepare_mounts(const RunSpec& spec, const std::vector<BindMount>& wanted,
                          const std::vector<MountPoint>& points, const Bundle& bundle) {
  StepMounts mounts;
  bundle.write("hosts", hosts_file(spec.hostname, spec.extra_hosts));
  bundle.write("resolv.conf", os::read_file_if_exists("/etc/resolv.conf").value_or(""));
  for (const std::string name : {"hosts", "resolv.conf"})
    mounts.add(clone_mount(bundle.file(name), ReadOnly::Yes), bundle.make_place("m-" + name, false),
               "/etc/" + name);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const BindMount& item = wanted[i];
    if (item.is_tmpfs) {
      mounts.config.push_back({{}, item.target, item.tmpfs_size, {}});
      continue;
    }
    const std::string place = bundle.make_place(fmt::format("m{}", i), points[i].is_directory);
    if (!item.below.empty() || (item.discard_writes && !item.read_only)) {
      os::UniqueFd mount = scratch_copy(item, points[i].is_directory,
                                        fmt::format("{}/discard{}", spec.scratch, i));
      if (item.read_only) make_read_only(mount.get(), item.source);
      mounts.add(std::move(mount), place, item.target);
    } else {
      mounts.add(clone_mount(item.source, item.read_only ? ReadOnly::Yes : ReadOnly::No), place,
                 item.target);
    }
  }
  return mounts;
}

std::vector<BindMount> by_depth(std::vector<BindMount> mounts) {
  for (auto& item : mounts) item.target = os::clean_path(item.target);
  std::stable_sort(mounts.begin(), mounts.end(), [](const BindMount& a, const BindMount& b) {
    return std::count(a.target.begin(), a.target.end(), '/') <
           std::count(b.target.begin(), b.target.end(), '/');
  });
  return mounts;
}

std::vector<MountPoint> mount_points(const std::vector<BindMount>& mounts) {
  std::vector<MountPoint> points;
  for (const auto& item : mounts) {
    CHECK(item.target.starts_with('/') && item.target != "/");
    points.push_back({item.target, item.is_tmpfs || os::is_directory(item.source)});
  }
  return points;
}

}  // namespace slipway::exec

// The private mounts of the process. They cover /sys/firmware: a directory that every kernel has,
// that nothing we start needs, and that containers have masked anyway; so no directory must be made
// on the host to mount upon.
#include "exec/ground.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "base/error.h"
#include "exec/devices.h"
#include "exec/mounts.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

std::optional<Ground> the_ground;

constexpr char kCovered[] = "/sys/firmware";

void make_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0) throw errno_error("create directory", path);
}

}  // namespace

const Ground& ground() {
  CHECK(the_ground.has_value());
  return *the_ground;
}

void lay_ground(Namespace ns) {
  CHECK(!the_ground.has_value());
  Ground made;
  made.ns = std::move(ns);
  const std::string place = os::is_directory(kCovered) ? kCovered : "/sys";
  // Cloned before it is covered, so that containers see the original.
  const os::UniqueFd sys = clone_mount("/sys", ReadOnly::Yes);
  if (::mount("slipway", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0)
    throw errno_error("mount a private tmpfs on", place);
  made.private_dir = place + "/slipway";
  made.sys_dir = made.private_dir + "/sys";
  make_dir(made.private_dir);
  make_dir(made.sys_dir);
  make_dir(made.private_dir + "/runtime");
  attach_mount(sys.get(), made.sys_dir);
  made.devices = clone_devices();
  the_ground = std::move(made);
}

}  // namespace slipway::exec

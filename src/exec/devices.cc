// Making the /dev of steps.
#include "exec/devices.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "exec/mounts.h"
#include "os/fs.h"

namespace slipway::exec {

std::vector<Device> clone_devices() {
  std::vector<Device> devices;
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) {
    const std::string path = std::string("/dev/") + name;
    if (os::exists(path)) devices.push_back({name, clone_mount(path, ReadOnly::Yes)});
  }
  return devices;
}

os::UniqueFd dev_mount(const std::vector<Device>& devices) {
  const os::UniqueFd context(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  const auto set = [&](const char* key, const char* value) {
    return ::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value, 0) == 0;
  };
  if (!context || !set("source", "tmpfs") || !set("mode", "755") || !set("size", "65536k") ||
      ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    throw errno_error("create a tmpfs for", "/dev");
  os::UniqueFd mount(
      ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME));
  if (!mount) throw errno_error("create a tmpfs for", "/dev");
  for (const auto& device : devices)
    os::open_at(mount.get(), device.name, O_CREAT | O_WRONLY, 0666);
  for (const char* directory : {"pts", "shm", "mqueue"})
    if (::mkdirat(mount.get(), directory, 0755) != 0)
      throw errno_error("create directory", directory);
  for (const auto& [name, target] : {std::pair{"fd", "/proc/self/fd"},
                                     {"stdin", "/proc/self/fd/0"},
                                     {"stdout", "/proc/self/fd/1"},
                                     {"stderr", "/proc/self/fd/2"},
                                     {"core", "/proc/kcore"},
                                     {"ptmx", "pts/ptmx"}})
    if (::symlinkat(target, mount.get(), name) != 0) throw errno_error("create a link", name);
  return mount;
}

}  // namespace slipway::exec

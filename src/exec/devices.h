// The /dev of a step: a tmpfs of its own with the few devices every container has.
//
// A user namespace cannot make device nodes, so the host's are bound. They are bound read-only, by
// us and not by the runtime: a build started as root runs its steps as the owner of these nodes,
// and a `chmod` or `chown` in a RUN must not reach the host. Reading from and writing to a device
// needs no writable mount.
#pragma once

#include <string>
#include <vector>

#include "os/fd.h"

namespace slipway::exec {

struct Device {
  std::string name;    // "null"
  os::UniqueFd mount;  // of the node, detached and read-only
};

/// null, zero, full, random, urandom and tty, as far as the host has them.
std::vector<Device> clone_devices();

/// A detached tmpfs with an empty file for each device to be mounted on, the usual links and
/// directories.
os::UniqueFd dev_mount(const std::vector<Device>& devices);

}  // namespace slipway::exec

// What enter_namespace made and every step stands on: how ids are mapped, a tmpfs of our own that
// only this mount namespace sees, and a read-only copy of /sys for containers. Written once before
// threads start, only read later.
#pragma once

#include <string>
#include <vector>

#include "exec/devices.h"
#include "exec/sandbox.h"

namespace slipway::exec {

struct Ground {
  Namespace ns;
  /// An empty tmpfs directory of this process, gone with its namespace: bundles, runtime state,
  /// emulator probes.
  std::string private_dir;
  /// The host's /sys with everything mounted below it, read-only throughout.
  std::string sys_dir;
  std::vector<Device> devices;
};

/// The ground of this process. A bug if enter_namespace was not called.
const Ground& ground();

/// Mounts what Ground names, inside the fresh namespaces, and remembers it.
void lay_ground(Namespace ns);

}  // namespace slipway::exec

// What a step gets besides its root file system: the binds and tmpfs of its RUN instruction,
// /etc/hosts, /etc/resolv.conf.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "exec/bundle.h"
#include "exec/container_config.h"
#include "exec/rootfs.h"
#include "exec/run.h"
#include "os/fd.h"

namespace slipway::exec {

/// Detached mounts with the places where the step's mount namespace has them, and the lines of
/// config.json that bind them from there into the container.
struct StepMounts {
  std::vector<os::UniqueFd> owned;
  std::vector<std::pair<int, std::string>> attach;
  std::vector<ConfigMount> config;

  void add(os::UniqueFd mount, std::string place, std::string target);
};

/// Outer mounts first; mounts of one depth as given.
std::vector<BindMount> by_depth(std::vector<BindMount> mounts);

/// Where `mounts` go, and whether directories or files are needed there.
std::vector<MountPoint> mount_points(const std::vector<BindMount>& mounts);

/// `wanted` as by_depth gives them, `points` what mount_points says of them.
StepMounts prepare_mounts(const RunSpec& spec, const std::vector<BindMount>& wanted,
                          const std::vector<MountPoint>& points, const Bundle& bundle);

}  // namespace slipway::exec

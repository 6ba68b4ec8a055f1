// config.json of the OCI runtime specification for one step.
#pragma once

#include <string>
#include <vector>

#include "exec/run.h"
#include "exec/sandbox.h"

namespace slipway::exec {

struct ConfigMount {
  std::string source;  // an attached mount of ours, bound as it is; empty for tmpfs
  std::string target;
  uint64_t tmpfs_size = 0;  // bytes, 0 = no limit
  /// Of a bind: what the runtime must be told again, since it sets the flags of the mount anew:
  /// "ro", "nosuid" ...
  std::vector<std::string> flags;
};

struct ContainerConfig {
  std::string rootfs;
  Ids ids;
  std::vector<std::string> env;  // complete, HOME included
  std::string sys_dir;  // what to bind on /sys unless the step has a network namespace of its own
  std::string dev_dir;  // what to bind on /dev, devices and all
  std::vector<ConfigMount> mounts;
  IdMapping mapping = IdMapping::Root;
  /// A /proc of the step's own pid namespace; else the one we have, which counts processes as our
  /// namespace does, where the kernel refuses another.
  bool own_proc = true;
};

/// The document. Throws Error for a malformed ulimit.
std::string container_config(const RunSpec& spec, const ContainerConfig& config);

}  // namespace slipway::exec

// Running one bundle with one runtime, and finding a runtime that works here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "exec/bundle.h"
#include "exec/container_config.h"
#include "exec/output_pump.h"
#include "exec/run.h"

namespace slipway::exec {

/// The parts of a configuration that are the same for every container of `bundle` here.
ContainerConfig ground_config(const Bundle& bundle);

/// Writes config.json and runs the container of `bundle` with installed_runtimes()[runtime] until
/// its end. `mounts` are detached mounts, of which copies are attached in the namespace of this
/// run; `cgroups` as in Launch. `root` is the step's root directory.
Attempt run_bundle(size_t runtime, const Bundle& bundle, const RunSpec& spec,
                   ContainerConfig config, const std::vector<std::pair<int, std::string>>& mounts,
                   const std::vector<int>& cgroups, int root, const StopEvent& stop);

/// What a step whose sandbox failed is reported with.
Error sandbox_error(std::string_view runtime_message);

}  // namespace slipway::exec

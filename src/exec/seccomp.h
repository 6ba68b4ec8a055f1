// The system calls that a step may make: the same set as a container's under Docker's default
// profile, so that what works in `docker build` works here and nothing more.
#pragma once

#include <string>

namespace slipway::exec {

/// The `linux.seccomp` member of config.json as JSON text for a machine of `machine` (uname's word:
/// "x86_64", "aarch64") and the default capabilities. Emulated programs make the machine's own
/// calls, so there is one profile for every platform.
std::string seccomp_profile(const std::string& machine);

}  // namespace slipway::exec

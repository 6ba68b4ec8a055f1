// A resolved bake target -> BuildRequest, and what a target asks for that has to be allowed.
#pragma once

#include <string>
#include <vector>

#include "bake/project.h"
#include "build/request.h"
#include "cli/parse_args.h"
#include "cli/specs.h"

namespace slipway::cli {

/// The target as if `slipway build` had been called with its flags. `args` are those of `slipway bake`: what they say of
/// progress, emulation, verification and the store counts for all targets. Throws Error with the name of the target.
build::BuildRequest to_request(const bake::Target& target, const ParsedArgs& args, const Environment& environment);

/// Throws Error that lists the --allow flags that are missing: for files outside of the working directory, ssh agents, the
/// network of the host and insecure steps, as docker buildx bake without a terminal does. Files and agents that --set or a flag
/// names are allowed. BUILDX_BAKE_ENTITLEMENTS_FS=0 allows all files.
void check_allowed(const bake::Plan& plan, const ParsedArgs& args, const std::vector<std::string>& overrides,
                   const Environment& environment);

}  // namespace slipway::cli

// `--call`: what is known of a Dockerfile and its base images is printed, and nothing is built.
#pragma once

#include "build/build.h"
#include "build/inputs.h"
#include "graph/lower.h"

namespace slipway::build {

/// Does what `request.call` says, which is not "build": fills answer, exit_code and failure of the
/// result, as docker buildx prints them. `wanted` is what would be built.
BuildResult answer_call(const BuildRequest& request, const Inputs& inputs, graph::Request wanted,
                        graph::Resolver& resolver);

}  // namespace slipway::build

// The flags of `build` and the environment -> BuildRequest.
#pragma once

#include "build/request.h"
#include "cli/parse_args.h"
#include "cli/specs.h"

namespace slipway::cli {

/// Throws Error for values that are malformed or contradict each other. Reads nothing but
/// `environment`: the variables of build arguments without a value and of secrets, and
/// DOCKER_DEFAULT_PLATFORM, SOURCE_DATE_EPOCH, BUILDKIT_PROGRESS, BUILDX_NO_DEFAULT_ATTESTATIONS,
/// BUILDX_NO_DEFAULT_OCI_ARTIFACT, BUILDX_NO_DEFAULT_LOAD, BUILDX_METADATA_PROVENANCE,
/// BUILDX_METADATA_WARNINGS, EXPERIMENTAL_BUILDKIT_SOURCE_POLICY, SSH_AUTH_SOCK (whether it is set),
/// SLIPWAY_HOME, SLIPWAY_VERIFY.
build::BuildRequest to_request(const ParsedArgs& args, const Environment& environment);

/// --verify of `build` and `verify`, else SLIPWAY_VERIFY, else error.
build::Verify verify_mode(const ParsedArgs& args, const Environment& environment);

}  // namespace slipway::cli

// What docker's config.json says besides credentials.
#pragma once

#include <map>
#include <string>

#include "cli/specs.h"

namespace slipway::cli {

/// Adds the proxies of $DOCKER_CONFIG/config.json (else ~/.docker/config.json) as build arguments HTTP_PROXY and its
/// like, as docker does: those of the daemon at DOCKER_HOST, else the default ones. A build argument of that
/// name in any casing goes before. Throws Error for a file that cannot be understood.
void add_configured_proxies(std::map<std::string, std::string>& build_args, const Environment& environment);

}  // namespace slipway::cli

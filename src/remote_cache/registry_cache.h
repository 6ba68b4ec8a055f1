// A cache under a reference of a registry, or one that an image there carries in its config.
#pragma once

#include <memory>
#include <string>

#include "registry/client.h"
#include "remote_cache/backend.h"

namespace slipway::remote_cache {

/// `scratch` is a directory for a file of it; `has_lost` as in Tools. A reference that is an image
/// can only be read, by way of what
/// `--cache-to type=inline` put into its config.
std::unique_ptr<Backend> open_registry(std::shared_ptr<registry::Client> client,
                                       const registry::Reference& ref, const std::string& scratch,
                                       bool has_lost);

}  // namespace slipway::remote_cache

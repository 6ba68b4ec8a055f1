// A cache in a directory: an OCI layout of its own, updated in place.
#pragma once

#include <memory>
#include <string>

#include "remote_cache/backend.h"

namespace slipway::remote_cache {

/// `tag` tells caches of one directory apart. Nothing is made before the first put() or replace().
std::unique_ptr<Backend> open_local(const std::string& dir, const std::string& tag);

}  // namespace slipway::remote_cache

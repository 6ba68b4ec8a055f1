// A cache in a bucket of Amazon's S3 or of a server that speaks its protocol.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "remote_cache/options.h"

namespace slipway::remote_cache {

/// `attrs`: the keys of BuildKit's s3 cache (docs/cache.md). Throws Error naming `flag` for what is
/// missing. Credentials come from the keys or from AWS_ACCESS_KEY_ID and its companions.
std::unique_ptr<Backend> open_s3(const std::map<std::string, std::string>& attrs,
                                 const std::string& flag, const Tools& tools);

}  // namespace slipway::remote_cache

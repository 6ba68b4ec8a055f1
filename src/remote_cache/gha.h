// A cache in GitHub's cache service, for builds in GitHub Actions.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "remote_cache/options.h"

namespace slipway::remote_cache {

/// `attrs`: the keys of BuildKit's gha cache. The service's address and token come from them or
/// from the variables of GitHub's runner; without any, nullptr and `why` says what to pass on.
std::unique_ptr<Backend> open_gha(const std::map<std::string, std::string>& attrs,
                                  const std::string& flag, const Tools& tools, std::string& why);

}  // namespace slipway::remote_cache

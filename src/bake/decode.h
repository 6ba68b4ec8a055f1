// Blocks of a module -> targets and groups.
#pragma once

#include <vector>

#include "base/error.h"
#include "bake/module.h"
#include "bake/target.h"

namespace slipway::bake {

/// What the block says; every attribute that is wrong or unknown becomes one of `mistakes`.
Target decode_target(Module& module, Instance& instance, std::vector<Error>& mistakes);
Group decode_group(Module& module, Instance& instance, std::vector<Error>& mistakes);

}  // namespace slipway::bake

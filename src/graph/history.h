// The `created_by` texts of image history, in the spelling that tools know from BuildKit (docs/differences.md).
#pragma once

#include <string>
#include <vector>

#include "dockerfile/ast.h"
#include "graph/scope.h"
#include "image/config.h"

namespace slipway::graph {

/// Go's %q of a list of strings: ["a" "b"].
std::string history_list(const std::vector<std::string>& words);
std::string history_pairs(const std::vector<dockerfile::Pair>& pairs);
/// "ARG A=1 B", with the values in force.
std::string history_arg(const dockerfile::Arg& arg, const Args& values);
/// `copy` is null for ADD; `what` is the common part.
std::string history_copy(const dockerfile::Transfer& what, const dockerfile::Copy* copy);
std::string history_healthcheck(const image::Healthcheck& health);

}  // namespace slipway::graph

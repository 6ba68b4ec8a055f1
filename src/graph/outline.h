// What --call outline says of a target, collected while its stages are lowered. Internal to graph/.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dockerfile/outline.h"
#include "graph/scope.h"

namespace slipway::graph {

struct StageState;

/// What one stage adds to the outline, and the stages where the rest is.
struct StageNotes {
  std::set<std::string> used_args;             // names of ARGs and of variables in FROM
  std::vector<dockerfile::Outline::Arg> args;  // declared here with a value of their own
  std::vector<dockerfile::Outline::Need> secrets, ssh;
  const StageState* parent = nullptr;
  std::vector<const StageState*> sources;  // of COPY --from and mounts
};

dockerfile::Outline outline_of(const dockerfile::Dockerfile& file, const StageState& target,
                               const GlobalArgs& globals);

}  // namespace slipway::graph

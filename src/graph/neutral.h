// Platform-neutral RUN steps: those whose result is the same for every platform, because the
// Dockerfile says so or because the command is known not to ask. They run for one platform;
// build/share_step.cc takes what they left for the others, after it has looked at it.
#pragma once

#include <string>
#include <vector>

#include "dockerfile/ast.h"
#include "graph/graph.h"

namespace slipway::graph {

/// What the comments right above an instruction say: "# slipway: neutral", "# slipway:
/// per-platform" or nothing. Throws Error without a place for other words behind "slipway:".
enum class Said { Nothing, Neutral, PerPlatform };
Said said_above(const std::vector<std::string>& comments);

/// Whether the instruction could become a neutral step, by a look at its text before variables are
/// known.
bool may_be_neutral(const dockerfile::Instruction& instruction);

/// Whether the command is one of those that are known to write the same files on every platform:
/// `npm ci
/// --ignore-scripts`, `composer install --no-scripts --no-plugins`, alone or joined by &&. Any word
/// that a shell would change makes it unknown.
bool is_known_neutral(const std::vector<std::string>& argv);

/// Sets Step::same_as of neutral steps: the step of the same instruction for the build platform,
/// else for the platform that comes first. Nothing where only one platform has the instruction.
void pair_neutral_steps(Graph& graph, const oci::Platform& build_platform);

}  // namespace slipway::graph

// --skip-if-published: an image whose inputs are those of one that is in the registry already is neither built nor pushed.
//
// The inputs of a target are hashed without running anything (StepRunner::input_key). Whoever pushes such an image also tags it
// "slipway-KEY" in the same repository; whoever finds that tag gives its manifest the wanted names and is done.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "build/build.h"
#include "build/job.h"
#include "build/step_runner.h"
#include "registry/client.h"

namespace slipway::build {

/// The tag that says what an image was made of; empty where the question makes no sense: not every output is a push, there is no
/// tag to push to, or some step must not be cached.
std::string published_tag(const Job& job, const graph::Graph& graph, StepRunner& probe);

/// The result of a build that need not be done, once its tags name what was found under `tag`; nullopt if some repository does
/// not have it.
std::optional<BuildResult> take_published(const BuildRequest& request, const std::string& tag, std::stop_token stop);

}  // namespace slipway::build

// A build as the terminal shows it: `slipway build` and `slipway bake` share the observer, the signals and how a build ends.
#pragma once

#include <functional>
#include <stop_token>

#include "build/request.h"
#include "cli/io.h"
#include "seams/observer.h"

namespace slipway::cli {

/// Archives do not go to a terminal, as docker has it: throws Error.
void refuse_terminal(const build::BuildRequest& request, const Io& io);

/// Runs `work` with an observer for request.progress and a token that Ctrl-C asks to stop. 0, or the exit code of a build that a
/// signal ended, of which the user was told. Throws what `work` throws. After exec::enter_namespace().
int show_build(const build::BuildRequest& request, const Io& io, bool debug,
               const std::function<void(seams::Observer&, std::stop_token)>& work);

}  // namespace slipway::cli

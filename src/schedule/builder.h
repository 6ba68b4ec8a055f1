// Runs a Plan: the loop that starts what can start, waits, and stops everything when one thing fails.
#pragma once

#include <functional>
#include <stop_token>

#include "schedule/plan.h"
#include "seams/runner.h"

namespace slipway::schedule {

struct Limits {
  unsigned heavy = 2;  // RUN steps at once
  unsigned light = 8;  // everything else at once
};

/// Returns when every target is done. The first failure cancels what still runs (`cancel` is called once) and is rethrown
/// after all threads ended; Cancelled if the user stopped the build.
void run(Plan plan, seams::Runner& runner, const Limits& limits, std::stop_source& cancel);

}  // namespace slipway::schedule

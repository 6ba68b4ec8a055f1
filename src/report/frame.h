// The moving part of the terminal view as lines of text: pure functions from what happened to what
// is shown.
#pragma once

#include <string>
#include <vector>

#include "report/history.h"
#include "report/observer.h"

namespace slipway::report {

/// The head line and the running steps with their transfers and last lines. Never more than
/// size.rows - 1 lines, no line wider than size.columns - 1, so that nothing scrolls or wraps.
/// Where room is short, last lines go first, then bars, then the newest steps ("... and 3 more").
std::vector<std::string> render_frame(const History& history, double now, Size size,
                                      const Options& options);

/// The line that stays when a step is over; empty for one that never ran and was cancelled.
std::string render_finished(const Step& step, double now, Size size, const Options& options);

}  // namespace slipway::report

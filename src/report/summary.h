// The end of a build as text: warnings, what each step cost, and the output of the step that
// failed.
#pragma once

#include <string>

#include "report/history.h"
#include "report/palette.h"

namespace slipway::report {

/// " 2 warnings found:" and one line each; empty if there are none. Equal warnings are one line.
/// Findings of build checks are explained if `expand` is set.
std::string render_warnings(const History& history, const Palette& palette, bool expand);

/// A table of the steps that ran or were cached (the kMaxRows most expensive ones where there are
/// more) with platform, time, how it ran and CPU seconds, and a line of totals. `columns` 0 = as
/// wide as it needs to be.
std::string render_summary(const History& history, double now, size_t columns);

inline constexpr size_t kMaxRows = 30;

/// Seconds with as many digits as BuildKit's plain progress shows: 0.412, 41.23, 412.3.
std::string log_time(double seconds);

}  // namespace slipway::report

// Makes the Observer that shows a build to people (plain, tty) or to programs (rawjson).
//
// Every observer here locks for itself, never throws and never decides anything: what it is told it
// shows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "report/palette.h"
#include "seams/observer.h"

namespace slipway::report {

enum class Mode {
  Auto,     // Tty on a terminal, else Plain
  Plain,    // lines as BuildKit's plain progress has them, and a summary
  Tty,      // running steps redrawn in place, finished ones scroll away above them, and a summary
  RawJson,  // BuildKit's SolveStatus, one JSON object a line
  Quiet,    // nothing
};

struct Size {
  int columns = 80;
  int rows = 24;
};

struct Options {
  int fd = 2;
  /// Seconds since the Unix epoch; must never go back. Default: the system's clock at the start
  /// plus a steady one.
  std::function<double()> clock;
  /// Colours and redrawing; Tty only. An empty Palette means no colours.
  Palette palette;
  bool can_redraw = true;      // false (TERM=dumb): Auto never chooses Tty
  bool expand_checks = false;  // explain each finding of a build check at the end; Plain and Tty
  size_t log_lines = 6;        // last lines of output under each running step; Tty only
  // The rest is for tests.
  std::function<void(std::string_view)> write;  // instead of fd
  std::function<Size()> terminal_size;          // instead of asking fd
  bool own_thread = true;                       // false: nothing happens between events
};

/// Reads BUILDKIT_COLORS, BUILDKIT_TTY_LOG_LINES, NO_COLOR and TERM through `getenv` (nullptr = not
/// set). What is wrong in them is left out and described in `complaints`.
Options options_from_environment(const std::function<const char*(const char*)>& getenv,
                                 std::vector<std::string>* complaints = nullptr);

/// "auto", "plain", "tty", "rawjson", "quiet", "none" (the same as quiet); nullopt for anything
/// else.
std::optional<Mode> parse_mode(std::string_view text);

/// Tty on a descriptor that is no terminal throws Error with a hint. The observer must not outlive
/// what `options` refers to.
std::unique_ptr<seams::Observer> make_observer(Mode mode, Options options);

}  // namespace slipway::report

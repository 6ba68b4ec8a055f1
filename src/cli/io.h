// What a command may touch of the process: its streams and its environment. Tests give it strings.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/specs.h"

namespace slipway::cli {

struct Io {
  std::function<void(std::string_view)>
      out;  // standard output; throws Error when it cannot be written
  std::function<void(std::string_view)> err;  // standard error; never throws
  std::function<std::string()> read_input;    // standard input to its end
  std::function<std::string()> read_line;     // one line of it, without its end; empty at the end
  Environment environment;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  size_t columns = 100;  // of standard output
};

/// The streams and environment of this process.
Io process_io();

/// Prints "slipway: error: ..." to standard error, in red on a terminal.
void print_error(const Io& io, std::string_view rendered);

/// Columns side by side, two blanks apart, as wide as their widest cell; `right_aligned` are
/// indices of columns.
std::string render_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<size_t>& right_aligned = {});

}  // namespace slipway::cli

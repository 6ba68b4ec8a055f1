#include "cli/io.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "os/fd.h"
#include "report/text.h"

namespace slipway::cli {
namespace {

void write_error_stream(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(2, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string read_one_line() {
  std::string line;
  char c = 0;
  while (::read(0, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

size_t columns_of(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 100;
}

}  // namespace

Io process_io() {
  return {.out = [](std::string_view text) { os::write_all(1, text); },
          .err = write_error_stream,
          .read_input = [] { return os::read_all(0); },
          .read_line = read_one_line,
          .environment = [](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            return value ? std::optional<std::string>(value) : std::nullopt;
          },
          .out_is_terminal = ::isatty(1) == 1,
          .err_is_terminal = ::isatty(2) == 1,
          .columns = columns_of(1)};
}

void print_error(const Io& io, std::string_view rendered) {
  const bool has_color = io.err_is_terminal && io.environment("NO_COLOR").value_or("").empty();
  std::string text(rendered);
  if (io.err_is_terminal) {
    // An Error may quote what a program of the build printed: it must not move the cursor.
    text.clear();
    for (const auto& line : split(rendered, '\n'))
      text += (text.empty() ? "" : "\n") + report::harmless(line, has_color);
  }
  io.err(fmt::format("{}slipway: error:{} {}\n", has_color ? "\x1b[31m" : "",
                     has_color ? "\x1b[0m" : "", text));
}

std::string render_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<size_t>& right_aligned) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      if (i) line += "  ";
      const std::string padding(widths[i] - row[i].size(), ' ');
      const bool is_right =
          std::find(right_aligned.begin(), right_aligned.end(), i) != right_aligned.end();
      line += is_right ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

}  // namespace slipway::cli

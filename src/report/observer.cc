#include "report/observer.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "base/error.h"
#include "base/text.h"
#include "report/views.h"

namespace slipway::report {
namespace {

/// Wall-clock seconds that never go back: the time at the start plus what a steady clock says has
/// passed.
std::function<double()> real_clock() {
  using Seconds = std::chrono::duration<double>;
  const double wall = Seconds(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto begin = std::chrono::steady_clock::now();
  return [wall, begin] { return wall + Seconds(std::chrono::steady_clock::now() - begin).count(); };
}

Size ask_terminal(int fd) {
  winsize size{};
  Size out;
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0)
    out = {.columns = size.ws_col, .rows = size.ws_row};
  return out;
}

}  // namespace

void write_best_effort(const Options& options, std::string_view bytes) {
  if (options.write) return options.write(bytes);
  while (!bytes.empty()) {
    const ssize_t written = ::write(options.fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      pollfd ready{.fd = options.fd, .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, 1000) == 1) continue;
    }
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

Options options_from_environment(const std::function<const char*(const char*)>& getenv,
                                 std::vector<std::string>* complaints) {
  std::vector<std::string> ignored;
  auto& notes = complaints ? *complaints : ignored;
  const auto value_of = [&](const char* name) {
    const char* value = getenv(name);
    return std::string_view(value ? value : "");
  };
  Options options;
  options.can_redraw = value_of("TERM") != "dumb";
  if (value_of("NO_COLOR").empty() && options.can_redraw) {
    options.palette = Palette::standard();
    apply_colors(value_of("BUILDKIT_COLORS"), options.palette, notes);
  }
  if (const auto lines = value_of("BUILDKIT_TTY_LOG_LINES"); !lines.empty()) {
    if (const auto count = parse_u64(lines); count && *count <= 1000)
      options.log_lines = *count;
    else
      notes.push_back("BUILDKIT_TTY_LOG_LINES: \"" + std::string(lines) +
                      "\" is no number of lines");
  }
  return options;
}

std::optional<Mode> parse_mode(std::string_view text) {
  if (text == "auto") return Mode::Auto;
  if (text == "plain") return Mode::Plain;
  if (text == "tty") return Mode::Tty;
  if (text == "rawjson") return Mode::RawJson;
  if (text == "quiet" || text == "none") return Mode::Quiet;
  return std::nullopt;
}

std::unique_ptr<seams::Observer> make_observer(Mode mode, Options options) {
  if (!options.clock) options.clock = real_clock();
  const bool is_terminal = options.terminal_size != nullptr || ::isatty(options.fd) == 1;
  if (!options.terminal_size)
    options.terminal_size = [fd = options.fd] { return ask_terminal(fd); };
  if (mode == Mode::Auto) mode = is_terminal && options.can_redraw ? Mode::Tty : Mode::Plain;
  switch (mode) {
    case Mode::Auto:
    case Mode::Plain:
      return make_plain(std::move(options));
    case Mode::RawJson:
      return make_raw_json(std::move(options));
    case Mode::Quiet:
      return make_quiet();
    case Mode::Tty:
      if (!is_terminal)
        throw Error("--progress=tty needs a terminal on standard error", {},
                    "use --progress=plain, or leave it out: auto chooses what fits");
      return make_tty(std::move(options));
  }
  CHECK(false);
}

}  // namespace slipway::report

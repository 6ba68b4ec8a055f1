// Ctrl-C and the end of a build, for both of them.
#include "cli/show_build.h"

#include <fmt/core.h>

#include <csignal>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "cli/signals.h"
#include "report/observer.h"

namespace slipway::cli {
namespace {

report::Mode mode_of(build::Progress progress) {
  switch (progress) {
    case build::Progress::Auto:
      return report::Mode::Auto;
    case build::Progress::Plain:
      return report::Mode::Plain;
    case build::Progress::Tty:
      return report::Mode::Tty;
    case build::Progress::RawJson:
      return report::Mode::RawJson;
    case build::Progress::Quiet:
      return report::Mode::Quiet;
  }
  CHECK(false);
}

std::unique_ptr<seams::Observer> make_observer(const build::BuildRequest& request, const Io& io,
                                               bool debug) {
  std::vector<std::string> complaints;
  auto options = report::options_from_environment(
      [](const char* name) -> const char* { return std::getenv(name); }, &complaints);
  for (const auto& complaint : complaints) io.err(fmt::format("slipway: warning: {}\n", complaint));
  options.expand_checks = debug;
  return report::make_observer(mode_of(request.progress), options);
}

}  // namespace

void refuse_terminal(const build::BuildRequest& request, const Io& io) {
  for (const auto& output : request.outputs)
    if (output.dest == "-" && io.out_is_terminal)
      throw Error(fmt::format("an output of type {} does not go to a terminal", output.type),
                  "--output",
                  fmt::format("write type={},dest=FILE, or redirect standard output", output.type));
}

int show_build(const build::BuildRequest& request, const Io& io, bool debug,
               const std::function<void(seams::Observer&, std::stop_token)>& work) {
  const auto observer = make_observer(request, io, debug);
  Signals signals;
  try {
    work(*observer, signals.token());
  } catch (const Cancelled&) {
    observer->on_end(false);
    io.err("slipway: stopped\n");
    return 128 + (Signals::received() ? Signals::received() : SIGINT);
  } catch (const Error& e) {
    observer->on_end(false);
    if (Signals::received() == 0) throw;
    // The signal went to the whole process group, so that programs of the build may have failed by
    // it before it was stopped.
    print_error(io, e.render());
    return 128 + Signals::received();
  } catch (...) {
    observer->on_end(false);
    throw;
  }
  observer->on_end(true);
  return 0;
}

}  // namespace slipway::cli

// `slipway build`: flags -> request -> namespace -> observer -> build -> what is left to say.
#include <fmt/core.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/error.h"
#include "build/build.h"
#include "cli/build_request.h"
#include "cli/docker_config.h"
#include "cli/handlers.h"
#include "cli/signals.h"
#include "exec/sandbox.h"
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

/// Archives do not go to a terminal, as docker has it.
void refuse_terminal(const build::BuildRequest& request, const Io& io) {
  for (const auto& output : request.outputs)
    if (output.dest == "-" && io.out_is_terminal)
      throw Error(fmt::format("an output of type {} does not go to a terminal", output.type),
                  "--output",
                  fmt::format("write type={},dest=FILE, or redirect standard output", output.type));
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

int build_command(const ParsedArgs& args, const Io& io) {
  build::BuildRequest request = to_request(args, io.environment);
  add_configured_proxies(request.build_args, io.environment);
  refuse_terminal(request, io);
  // A script that finds the file of an earlier build would believe in this one.
  if (!request.iidfile.empty()) ::unlink(request.iidfile.c_str());

  const exec::Namespace ns = exec::enter_namespace();
  const auto observer = make_observer(request, io, args.flag("debug"));
  Signals signals;
  build::BuildResult result;
  try {
    result = build::build(request, ns, *observer, signals.token());
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
  if (request.call.name != "build") {
    io.out(result.answer);
    if (result.failure) throw *result.failure;
    return result.exit_code;
  }
  if (request.quiet && !result.image_id.empty()) io.out(result.image_id + "\n");
  if (request.progress != build::Progress::Quiet && request.progress != build::Progress::RawJson)
    for (const auto& line : result.lines) io.err(line + "\n");
  return 0;
}

}  // namespace slipway::cli

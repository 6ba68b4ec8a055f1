// Rules about what a log shows: steps that ran under emulation with their cost, and programs made
// for the wrong architecture.
#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "lint/log_view.h"
#include "lint/rules.h"
#include "lint/shell.h"
#include "oci/platform.h"

namespace slipway::lint {
namespace {

constexpr double kLeastSeconds = 1.0;  // below, emulation is not what makes a build slow
constexpr std::string_view kUsual = "linux/amd64";

std::string arch_of(const std::string& platform) {
  try {
    return oci::parse_platform(platform).arch;
  } catch (const Error&) {
    return {};
  }
}

bool is_foreign(const std::string& machine, const std::string& platform) {
  try {
    return !oci::runs_natively(oci::parse_platform(machine), oci::parse_platform(platform));
  } catch (const Error&) {
    return false;
  }
}

std::string advice_for(const LogStep& step) {
  for (const auto& command : shell_commands(step.command)) {
    const auto words = command.words;
    for (size_t i = 0; i + 1 < words.size(); ++i)
      if (words[i].value == "go" &&
          (words[i + 1].value == "build" || words[i + 1].value == "install" ||
           words[i + 1].value == "mod"))
        return "FROM --platform=$BUILDPLATFORM for the stage, with ARG TARGETARCH and "
               "GOARCH=$TARGETARCH: Go compiles for other machines";
  }
  if (step.command.contains("GOARCH="))
    return "FROM --platform=$BUILDPLATFORM for the stage, with ARG TARGETARCH and "
           "GOARCH=$TARGETARCH: "
           "Go compiles for other machines";
  return "FROM --platform=$BUILDPLATFORM for the stage if its tools can make files for other "
         "machines, "
         "else build with slipway, which runs what it can natively, or on a machine of the "
         "platform";
}

}  // namespace

void check_emulated_steps(const LogView& view, Report& report) {
  const std::string known = view.machine(report.facts().log_platform);
  const std::string machine = known.empty() ? std::string(kUsual) : known;
  for (const auto& step : view.steps()) {
    const bool is_run = step.command.starts_with("RUN");
    if (!step.was_emulated && (!is_run || step.was_cached || step.platform.empty() ||
                               !is_foreign(machine, step.platform)))
      continue;
    if (!step.was_emulated && step.seconds && *step.seconds < kLeastSeconds) continue;
    std::string cost;
    if (step.seconds) cost = fmt::format(" and took {}", human_duration(*step.seconds));
    if (step.emulated_seconds)
      cost +=
          fmt::format(", {} of CPU time under emulation", human_duration(*step.emulated_seconds));
    const LogStep* twin = view.twin(step, machine);
    if (twin && step.seconds && *step.seconds > *twin->seconds)
      cost += fmt::format("; natively, as {}, it took {}: {} lost", machine,
                          human_duration(*twin->seconds),
                          human_duration(*step.seconds - *twin->seconds));
    report.add(step.begin, step.begin, step.end,
               fmt::format("a step of {} ran under emulation{}{}", step.platform,
                           known.empty() && !step.was_emulated
                               ? " if the machine was linux/amd64 (--log-platform says what it was)"
                               : "",
                           cost),
               advice_for(step));
  }
}

void check_logged_architecture(const LogView& view, Report& report) {
  for (const auto& step : view.steps()) {
    const std::string wanted = step.target.empty() ? arch_of(step.platform) : arch_of(step.target);
    if (wanted.empty()) continue;
    const size_t at = step.command.find("GOARCH=");
    if (at == step.command.npos) continue;
    const size_t begin = at + 7;
    const size_t end =
        step.command.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", begin);
    const std::string written =
        step.command.substr(begin, end == step.command.npos ? end : end - begin);
    if (written.empty() || arch_of(written) == wanted) continue;
    const size_t place = view.file().text.find("GOARCH=" + written, step.begin);
    if (place == std::string::npos) continue;
    report.add(step.begin, place, place + 7 + written.size(),
               fmt::format("the image for linux/{} gets a program for {}", wanted, written),
               "ARG TARGETARCH and GOARCH=$TARGETARCH in the Dockerfile; the stage's FROM with "
               "--platform=$BUILDPLATFORM, for that is what decides about emulation");
  }
}

}  // namespace slipway::lint

// Which kind of work an emulated step was, what that costs, and how the answer is printed. The
// edits themselves are in edits.cc.
#include "record/slow.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "base/text.h"
#include "json/json.h"
#include "record/edits.h"

namespace slipway::record {
namespace {

struct Tool {
  std::string_view name;  // of the executable, or the begin of it with a `*` at the end
  Work work;
};

constexpr Tool kTools[] = {
    {"go", Work::Go},          {"gofmt", Work::Go},
    {"cargo*", Work::Rust},    {"rustc*", Work::Rust},     {"rustup*", Work::Rust},
    {"cc1*", Work::C},         {"gcc*", Work::C},          {"g++*", Work::C},
    {"c++*", Work::C},         {"cc", Work::C},            {"clang*", Work::C},
    {"collect2", Work::C},     {"as", Work::C},            {"ld*", Work::C},
    {"lto*", Work::C},         {"make", Work::C},          {"cmake*", Work::C},
    {"ninja", Work::C},        {"aarch64-*", Work::C},     {"x86_64-*", Work::C},
    {"java*", Work::Jvm},      {"mvn", Work::Jvm},         {"gradle*", Work::Jvm},
    {"node*", Work::Node},     {"npm", Work::Node},        {"yarn*", Work::Node},
    {"pnpm", Work::Node},      {"esbuild", Work::Node},
    {"apt*", Work::Packages},  {"dpkg*", Work::Packages},  {"apk", Work::Packages},
    {"dnf*", Work::Packages},  {"yum", Work::Packages},    {"rpm*", Work::Packages},
    {"microdnf", Work::Packages}, {"debconf*", Work::Packages}, {"update-*", Work::Packages},
    {"python*", Work::Python}, {"pip*", Work::Python},
};

/// The kind of one program; Other for tools that any kind of step calls (shells, tar, sed).
Work work_of(std::string_view program) {
  if (program.find("/pkg/tool/") != program.npos) return Work::Go;
  const size_t slash = program.rfind('/');
  const std::string_view name = slash == program.npos ? program : program.substr(slash + 1);
  for (const Tool& tool : kTools) {
    const bool is_begin = tool.name.ends_with('*');
    const std::string_view begin = tool.name.substr(0, tool.name.size() - (is_begin ? 1 : 0));
    if (is_begin ? name.starts_with(begin) : name == begin) return tool.work;
  }
  return Work::Other;
}

/// What most of the emulated time went into. Shells, tar and their like are helpers of the others.
Work main_work(const Programs& programs) {
  std::map<Work, double> sums;
  double known = 0, all = 0;
  for (const auto& cost : programs) {
    const Work work = work_of(cost.program);
    all += cost.cpu_seconds;
    if (work == Work::Other) continue;
    sums[work] += cost.cpu_seconds;
    known += cost.cpu_seconds;
  }
  if (known < all / 4) return Work::Other;
  const auto dearest = std::ranges::max_element(
      sums, [](const auto& a, const auto& b) { return a.second < b.second; });
  return dearest->first;
}

std::string seconds_text(double seconds) { return fmt::format("{:.1f} s", seconds); }

std::string programs_text(const Programs& programs) {
  constexpr size_t kNamed = 4;
  std::vector<std::string> parts;
  double rest = 0;
  uint64_t processes = 0;
  for (size_t i = 0; i < programs.size(); ++i) {
    const auto& cost = programs[i];
    if (i < kNamed)
      parts.push_back(fmt::format("{} {} ({} {})", cost.program, seconds_text(cost.cpu_seconds),
                                  cost.processes, cost.processes == 1 ? "process" : "processes"));
    else
      rest += cost.cpu_seconds, processes += cost.processes;
  }
  if (processes)
    parts.push_back(fmt::format("others {} ({} processes)", seconds_text(rest), processes));
  return join(parts, ", ");
}

std::string_view name_of(Work work) {
  switch (work) {
    case Work::Go:
      return "go";
    case Work::Rust:
      return "rust";
    case Work::C:
      return "c";
    case Work::Jvm:
      return "jvm";
    case Work::Node:
      return "node";
    case Work::Packages:
      return "packages";
    case Work::Python:
      return "python";
    case Work::Other:
      return "other";
  }
  return "other";
}

}  // namespace

std::vector<SlowStep> slow_steps(const Build& build) {
  std::vector<SlowStep> out;
  for (const auto& step : build.steps) {
    if (step.cost.emulated_seconds <= 0) continue;
    SlowStep slow;
    slow.step = &step;
    slow.programs = together({&step}, true);
    slow.work = main_work(slow.programs);
    const Proposal proposal = propose(build, step, slow.work);
    slow.reason = proposal.reason;
    slow.edits = proposal.edits;
    if (proposal.removes_emulation)
      slow.saved_seconds = step.cost.emulated_seconds * (1 - 1 / kQemuFactor);
    out.push_back(std::move(slow));
  }
  std::ranges::stable_sort(out, std::ranges::greater{}, [](const SlowStep& slow) {
    return slow.step->cost.emulated_seconds;
  });
  return out;
}

std::string render_slow(const Build& build) {
  const auto slow = slow_steps(build);
  std::string out =
      fmt::format("Build {}: {} of CPU in {}, {} of it emulated\n", build.id,
                  seconds_text(build.cpu_seconds()), seconds_text(build.wall_seconds),
                  seconds_text(build.emulated_seconds()));
  if (slow.empty())
    return out + (build.cached() ? "Nothing was emulated; cached steps were not run at all.\n"
                                 : "Nothing was emulated.\n");
  for (const auto& [platform, emulator] : build.emulators)
    out += fmt::format("{} programs ran under {}\n", platform, emulator);
  for (const auto& one : slow) {
    const auto& cost = one.step->cost;
    out += fmt::format("\n{}{}{}\n  {} of CPU emulated, {} native, {} until it was done\n",
                       one.step->location, one.step->location.empty() ? "" : ": ", one.step->name,
                       seconds_text(cost.emulated_seconds),
                       seconds_text(std::max(0.0, cost.cpu_seconds - cost.emulated_seconds)),
                       seconds_text(cost.wall_seconds));
    if (!one.programs.empty()) out += "  spent by: " + programs_text(one.programs) + "\n";
    out += "  " + one.reason + "\n";
    for (const auto& edit : one.edits) out += "    " + edit + "\n";
    if (one.saved_seconds > 0)
      out += fmt::format("  That would save about {} of CPU.\n", seconds_text(one.saved_seconds));
  }
  return out;
}

std::string slow_json(const Build& build) {
  json::Value out;
  out["build"] = build.id;
  out["wallSeconds"] = build.wall_seconds;
  out["cpuSeconds"] = build.cpu_seconds();
  out["emulatedSeconds"] = build.emulated_seconds();
  out["steps"] = json::Value::array();
  for (const auto& one : slow_steps(build)) {
    json::Value step;
    step["name"] = one.step->name;
    step["location"] = one.step->location;
    step["platform"] = one.step->platform;
    step["wallSeconds"] = one.step->cost.wall_seconds;
    step["cpuSeconds"] = one.step->cost.cpu_seconds;
    step["emulatedSeconds"] = one.step->cost.emulated_seconds;
    step["work"] = name_of(one.work);
    step["programs"] = json::Value::array();
    for (const auto& cost : one.programs)
      step["programs"].push_back({{"path", cost.program},
                                  {"processes", cost.processes},
                                  {"cpuSeconds", cost.cpu_seconds}});
    step["reason"] = one.reason;
    step["edits"] = one.edits;
    step["savedSeconds"] = one.saved_seconds;
    out["steps"].push_back(std::move(step));
  }
  return json::dump_pretty(out) + "\n";
}

}  // namespace slipway::record

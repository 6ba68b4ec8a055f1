#include "report/summary.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/text.h"
#include "report/text.h"

namespace slipway::report {
namespace {

struct Row {
  std::string step, platform, time, how, cpu;
};

constexpr double kWorthARow = 0.1;  // seconds after which bookkeeping is shown too

bool ended(const Step& step) { return step.is_over() && step.state != StepState::Cancelled; }

/// Steps that are work of the build and not its bookkeeping, and that came to an end.
bool counts(const Step& step) {
  return ended(step) && step.info.kind != StepKind::Other &&
         !step.info.name.starts_with("[internal]");
}

std::string how_of(const Step& step) {
  if (step.state == StepState::Failed) return "failed";
  if (step.state == StepState::Cached) return "cached";
  if (!step.cost.shared_with.empty()) return "shared";
  switch (step.cost.how) {
    case HowRun::Native:
      return "native";
    case HowRun::Emulated: {
      // A foreign step of which native twins did most.
      double twins = 0;
      for (const auto& cost : step.cost.programs) twins += cost.is_twin ? cost.cpu_seconds : 0;
      return twins > step.cost.emulated_seconds ? "twins" : "emulated";
    }
    case HowRun::NotRun:
      return "-";
  }
  return "-";
}

Row row_of(const Step& step, double now) {
  const bool has_cpu = step.cost.cpu_seconds > 0;
  return {.step = harmless(step.info.name, false),
          .platform = step.info.platform.empty() ? "-" : step.info.platform,
          .time = human_duration(step.seconds(now)),
          .how = how_of(step),
          .cpu = has_cpu ? human_duration(step.cost.cpu_seconds) : "-"};
}

/// The indices of the steps to show, in order of the plan, and how many are left out.
std::pair<std::vector<size_t>, size_t> shown_steps(const std::vector<Step>& steps, double now) {
  std::vector<size_t> all;
  for (size_t i = 0; i < steps.size(); ++i)
    if (counts(steps[i]) || (ended(steps[i]) && steps[i].seconds(now) >= kWorthARow))
      all.push_back(i);
  if (all.size() <= kMaxRows) return {all, 0};
  const size_t left_out = all.size() - kMaxRows;
  const auto is_dearer = [&](size_t a, size_t b) {
    const bool failed_a = steps[a].state == StepState::Failed,
               failed_b = steps[b].state == StepState::Failed;
    if (failed_a != failed_b) return failed_a;
    return steps[a].seconds(now) > steps[b].seconds(now);
  };
  std::stable_sort(all.begin(), all.end(), is_dearer);
  all.resize(kMaxRows);
  std::sort(all.begin(), all.end());
  return {all, left_out};
}

std::string totals(const History& history, double now) {
  size_t steps = 0, cached = 0;
  double cpu = 0, emulated = 0, twins = 0;
  for (const Step& step : history.steps()) {
    if (!counts(step)) continue;
    ++steps;
    cached += step.state == StepState::Cached;
    cpu += step.cost.cpu_seconds;
    emulated += step.cost.emulated_seconds;
    for (const auto& cost : step.cost.programs) twins += cost.is_twin ? cost.cpu_seconds : 0;
  }
  std::string out = fmt::format("Total {}: {} {}", human_duration(now - history.began()), steps,
                                steps == 1 ? "step" : "steps");
  if (steps) out += fmt::format(", {} cached ({} %)", cached, (cached * 100 + steps / 2) / steps);
  if (cpu > 0) out += fmt::format(", CPU {}", human_duration(cpu));
  if (emulated > 0) out += fmt::format(", {} of it emulated", human_duration(emulated));
  if (twins >= 0.05) out += fmt::format(", {} by native twins", human_duration(twins));
  return out + "\n";
}

/// What the emulated time went into, in one line; empty if nothing was emulated.
std::string emulated_programs(const History& history) {
  constexpr size_t kNamed = 3;
  constexpr double kWorthNaming = 0.05;  // seconds
  std::map<std::string, double> sums;
  for (const Step& step : history.steps())
    for (const auto& cost : step.cost.programs)
      if (cost.is_emulated) sums[cost.program] += cost.cpu_seconds;
  std::vector<std::pair<double, std::string>> dearest;
  for (const auto& [program, seconds] : sums)
    if (seconds >= kWorthNaming) dearest.emplace_back(seconds, harmless(program, false));
  if (dearest.empty()) return {};
  std::ranges::stable_sort(dearest, std::ranges::greater{}, &std::pair<double, std::string>::first);
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min(kNamed, dearest.size()); ++i)
    parts.push_back(fmt::format("{} {}", dearest[i].second, human_duration(dearest[i].first)));
  if (dearest.size() > kNamed) parts.push_back("...");
  return fmt::format("Emulated: {}; `slipway why --slow` says how to avoid it\n",
                     join(parts, ", "));
}

}  // namespace

std::string log_time(double seconds) {
  return fmt::format("{:.{}f}", seconds, seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
}

std::string render_warnings(const History& history, const Palette& palette, bool expand) {
  std::vector<std::string> lines;
  bool hides = false;
  for (const Warning& warning : history.warnings()) {
    std::string line = harmless(warning.text, false);
    if (!warning.location.empty()) line = harmless(warning.location, false) + ": " + line;
    hides |= !expand && !warning.explanation.empty();
    if (expand && !warning.explanation.empty())
      for (const auto& more : split(warning.explanation, '\n'))
        line += "\n" + harmless(more, false);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  if (lines.empty()) return {};
  const std::string head =
      fmt::format(" {} {} found{}:", lines.size(), lines.size() == 1 ? "warning" : "warnings",
                  hides ? " (use --debug to expand)" : "");
  std::string out = Palette::paint(palette.warning, head) + "\n";
  for (const auto& line : lines) out += " - " + line + "\n";
  return out;
}

std::string render_summary(const History& history, double now, size_t columns) {
  const auto& steps = history.steps();
  if (steps.empty()) return {};
  const auto [shown, left_out] = shown_steps(steps, now);
  std::vector<Row> rows = {{"STEP", "PLATFORM", "TIME", "HOW", "CPU"}};
  for (const size_t i : shown) rows.push_back(row_of(steps[i], now));

  const auto width_of = [&](std::string Row::* cell) {
    size_t width = 0;
    for (const Row& row : rows) width = std::max(width, columns_of(row.*cell));
    return width;
  };
  const size_t platform = width_of(&Row::platform), time = width_of(&Row::time),
               how = width_of(&Row::how), cpu = width_of(&Row::cpu);
  size_t step = std::min<size_t>(width_of(&Row::step), 72);
  const size_t numbers = time + how + cpu + 7;
  // A terminal too narrow for names and platforms does without the platforms: most names say
  // theirs.
  const bool has_platform = columns == 0 || columns >= numbers + platform + 2 + 30;
  const size_t others = numbers + (has_platform ? platform + 2 : 0);
  if (columns) step = std::min(step, columns > others + 10 ? columns - others : 10);

  std::string out;
  if (!shown.empty()) {
    for (const Row& row : rows) {
      std::string name = fit(row.step, step);
      name.append(step - columns_of(name), ' ');
      out += " " + name;
      if (has_platform) out += fmt::format("  {:<{}}", row.platform, platform);
      out += fmt::format("  {:>{}}  {:<{}}  {:>{}}\n", row.time, time, row.how, how, row.cpu, cpu);
    }
  }
  if (left_out) out += fmt::format(" ... and {} that took less\n", left_out);
  return out + totals(history, now) + emulated_programs(history);
}

}  // namespace slipway::report

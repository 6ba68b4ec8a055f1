#include "report/history.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"

namespace slipway::report {
namespace {

void keep(Step& step, const OutputLine& line) {
  step.tail.push_back(line);
  if (step.tail.size() > History::kTail) step.tail.pop_front();
}

}  // namespace

double Step::seconds(double now) const {
  if (state == StepState::Waiting || state == StepState::Cached) return cost.wall_seconds;
  if (state == StepState::Running) return std::max(0.0, now - started);
  return cost.wall_seconds > 0 ? cost.wall_seconds : std::max(0.0, finished - started);
}

Step& History::at(StepId id) {
  CHECK(id < steps_.size());
  return steps_[id];
}

const Step& History::step(StepId id) const {
  CHECK(id < steps_.size());
  return steps_[id];
}

void History::plan(const std::vector<seams::StepInfo>& steps) {
  for (const auto& step : steps) add(step);
}

StepId History::add(const seams::StepInfo& step) {
  steps_.emplace_back().info = step;
  return static_cast<StepId>(steps_.size() - 1);
}

void History::start(StepId id, double now) {
  Step& step = at(id);
  step.state = StepState::Running;
  step.started = now;
}

std::vector<OutputLine> History::output(StepId id, std::string_view bytes, double now) {
  Step& step = at(id);
  std::vector<OutputLine> lines;
  const double after = std::max(0.0, now - step.started);
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const size_t room = kMaxLine - step.partial.size();
    const size_t taken = std::min(end == bytes.npos ? bytes.size() : end, room);
    step.partial += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    const bool has_end = !bytes.empty() && bytes.front() == '\n';
    if (has_end) bytes.remove_prefix(1);
    if (!has_end && step.partial.size() < kMaxLine) break;
    lines.push_back({after, std::move(step.partial)});
    step.partial.clear();
    keep(step, lines.back());
  }
  return lines;
}

Transfer& History::progress(StepId id, std::string_view what, uint64_t done, uint64_t total,
                            double now) {
  Step& step = at(id);
  auto found = std::find_if(step.transfers.begin(), step.transfers.end(),
                            [&](const Transfer& transfer) { return transfer.what == what; });
  if (found == step.transfers.end()) {
    step.transfers.push_back({.what = std::string(what), .started = now, .updated = now});
    found = step.transfers.end() - 1;
  }
  found->done = done;
  found->total = total;
  found->updated = now;
  return *found;
}

std::vector<OutputLine> History::finish(StepId id, StepState state, const seams::StepCost& cost,
                                        std::string_view error, double now) {
  Step& step = at(id);
  std::vector<OutputLine> lines;
  if (!step.partial.empty()) {
    lines.push_back({std::max(0.0, now - step.started), std::move(step.partial)});
    step.partial.clear();
    keep(step, lines.back());
  }
  if (step.state == StepState::Waiting) step.started = now;
  if (!step.is_over()) ++over_;
  step.state = state;
  step.finished = now;
  step.cost = cost;
  step.error = error;
  return lines;
}

void History::warn(std::string_view text, std::string_view location) {
  warnings_.push_back({std::string(text), std::string(location), {}});
}

void History::warn(const seams::CheckWarning& warning) {
  warnings_.push_back(
      {warning.text,
       {},
       fmt::format("{}\nMore info: {}\n{}", warning.description, warning.page, warning.excerpt)});
}

}  // namespace slipway::report

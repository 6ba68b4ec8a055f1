#include "record/recorder.h"

#include <fmt/core.h>

#include "hash/sha256.h"

namespace slipway::record {
namespace {

std::string kind_of(seams::StepKind kind) {
  switch (kind) {
    case seams::StepKind::Source:
      return "source";
    case seams::StepKind::Run:
      return "run";
    case seams::StepKind::File:
      return "file";
    case seams::StepKind::Export:
      return "export";
    case seams::StepKind::Other:
      return "other";
  }
  return "other";
}

std::string state_of(seams::StepState state) {
  switch (state) {
    case seams::StepState::Waiting:
      return "waiting";
    case seams::StepState::Running:
      return "running";
    case seams::StepState::Done:
      return "done";
    case seams::StepState::Cached:
      return "cached";
    case seams::StepState::Failed:
      return "failed";
    case seams::StepState::Cancelled:
      return "cancelled";
  }
  return "waiting";
}

/// Values as long as a whole script are kept by their begin and a digest of all of it: enough to tell
/// that they differ.
seams::StepKey shortened(seams::StepKey key) {
  constexpr size_t kLongest = 4000;
  for (auto& [label, value] : key.parts)
    if (value.size() > kLongest)
      value = fmt::format("{}... ({} bytes, {})", value.substr(0, kLongest), value.size(),
                          hash::sha256_hex(value).substr(0, 16));
  return key;
}

}  // namespace

void Recorder::keep(const seams::StepInfo& step) {
  steps_.push_back({.name = step.name,
                    .kind = kind_of(step.kind),
                    .platform = step.platform,
                    .location = step.location,
                    .state = "waiting",
                    .cost = {},
                    .error = {},
                    .key = {},
                    .imported = {}});
}

void Recorder::on_plan(const std::vector<seams::StepInfo>& steps) {
  const std::lock_guard lock(mutex_);
  for (const auto& step : steps) keep(step);
  view_.on_plan(steps);
}

seams::StepId Recorder::on_step_added(const seams::StepInfo& step) {
  const std::lock_guard lock(mutex_);
  keep(step);
  return view_.on_step_added(step);
}

void Recorder::on_started(seams::StepId step) {
  {
    const std::lock_guard lock(mutex_);
    if (step < steps_.size()) steps_[step].state = "running";
  }
  view_.on_started(step);
}

void Recorder::on_output(seams::StepId step, std::string_view bytes, bool is_stderr) {
  view_.on_output(step, bytes, is_stderr);
}

void Recorder::on_progress(seams::StepId step, std::string_view what, uint64_t done,
                           uint64_t total) {
  view_.on_progress(step, what, done, total);
}

void Recorder::on_finished(seams::StepId step, seams::StepState state, const seams::StepCost& cost,
                           std::string_view error) {
  {
    const std::lock_guard lock(mutex_);
    if (step < steps_.size()) {
      steps_[step].state = state_of(state);
      steps_[step].cost = cost;
      steps_[step].error = error;
    }
  }
  view_.on_finished(step, state, cost, error);
}

void Recorder::on_key(seams::StepId step, const seams::StepKey& key) {
  {
    const std::lock_guard lock(mutex_);
    if (step < steps_.size()) steps_[step].key = shortened(key);
  }
  view_.on_key(step, key);
}

void Recorder::on_files(std::string_view content, std::string_view listing) {
  {
    const std::lock_guard lock(mutex_);
    files_.emplace(content, listing);
  }
  view_.on_files(content, listing);
}

void Recorder::on_imported(seams::StepId step, std::string_view from) {
  {
    const std::lock_guard lock(mutex_);
    if (step < steps_.size()) steps_[step].imported = from;
  }
  view_.on_imported(step, from);
}

void Recorder::on_warning(std::string_view text, std::string_view location) {
  view_.on_warning(text, location);
}

void Recorder::on_check(const seams::CheckWarning& warning) { view_.on_check(warning); }

void Recorder::on_end(bool ok) { view_.on_end(ok); }

std::map<std::string, std::string> Recorder::files() const {
  const std::lock_guard lock(mutex_);
  return files_;
}

std::vector<Step> Recorder::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

}  // namespace slipway::record

// What has happened in a build so far, as data: the common ground of the plain view, the terminal
// view and the summary. Events go in with their time, the views read. Not thread-safe: the observer
// that owns it locks.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "seams/observer.h"

namespace slipway::report {

using seams::HowRun;
using seams::StepId;
using seams::StepKind;
using seams::StepState;

/// One line that a step printed, without its end; `after` seconds since the step began.
struct OutputLine {
  double after = 0;
  std::string text;
};

struct Transfer {
  std::string what;
  uint64_t done = 0, total = 0;  // bytes; total 0 = unknown
  double started = 0, updated = 0;
  bool is_complete() const { return total != 0 && done >= total; }
};

struct Step {
  seams::StepInfo info;
  StepState state = StepState::Waiting;
  double started = 0, finished = 0;
  seams::StepCost cost;
  std::string error;
  std::string partial;          // the begin of a line whose end has not come yet
  std::deque<OutputLine> tail;  // the last kTail lines
  std::vector<Transfer> transfers;

  bool is_running() const { return state == StepState::Running; }
  bool is_over() const { return state != StepState::Running && state != StepState::Waiting; }
  /// How long it has been running, or took. What the builder measured goes before what was seen
  /// here.
  double seconds(double now) const;
};

struct Warning {
  std::string text;
  std::string location;
  std::string explanation;  // of a build check: lines that are shown when asked for
};

class History {
 public:
  static constexpr size_t kTail = 50;            // lines of output kept per step
  static constexpr size_t kMaxLine = 64u << 10;  // bytes after which a line is ended by force

  explicit History(double now) : began_(now) {}

  void plan(const std::vector<seams::StepInfo>& steps);
  StepId add(const seams::StepInfo& step);
  void start(StepId id, double now);
  /// Returns the lines that became complete.
  std::vector<OutputLine> output(StepId id, std::string_view bytes, double now);
  /// Returns the transfer that changed.
  Transfer& progress(StepId id, std::string_view what, uint64_t done, uint64_t total, double now);
  /// Returns the line that was left without an end, if any.
  std::vector<OutputLine> finish(StepId id, StepState state, const seams::StepCost& cost,
                                 std::string_view error, double now);
  void warn(std::string_view text, std::string_view location);
  void warn(const seams::CheckWarning& warning);

  const std::vector<Step>& steps() const { return steps_; }
  const Step& step(StepId id) const;
  const std::vector<Warning>& warnings() const { return warnings_; }
  double began() const { return began_; }
  size_t over() const { return over_; }

 private:
  Step& at(StepId id);

  std::vector<Step> steps_;
  std::vector<Warning> warnings_;
  double began_;
  size_t over_ = 0;
};

}  // namespace slipway::report

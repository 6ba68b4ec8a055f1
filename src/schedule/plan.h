// The bookkeeping of a build, without side effects: which step may be resolved or executed next, and when all is done.
//
// A step is first resolved (key, cache), when its inputs are; executed only if it missed and somebody needs its files.
// So a hit at the end of a long chain never touches what came before it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "seams/runner.h"

namespace slipway::schedule {

using StepId = uint32_t;

/// What the plan must know of a step.
struct Node {
  std::vector<StepId> inputs;
  bool is_heavy = false;  // counts against the limit of parallel RUNs
};

struct Task {
  enum class Kind { Resolve, Execute } kind;
  StepId step;
};

class Plan {
 public:
  /// Inputs come before their users. `targets` are the steps whose files are wanted.
  Plan(std::vector<Node> nodes, const std::vector<StepId>& targets);

  /// The next thing to do, lowest step first; nullopt if nothing can start now. `allow_heavy` false keeps back RUNs.
  std::optional<Task> next(bool allow_heavy);
  void resolved(StepId step, seams::Resolution resolution);
  void executed(StepId step);

  /// Every target's files are there (or can be had from the cache).
  bool is_done() const { return open_targets_ == 0; }
  bool is_heavy(StepId step) const { return nodes_[step].is_heavy; }

 private:
  enum class State {
    Waiting,    // some input has no key yet
    Resolving,  // its resolve task is out or ready
    Blocked,    // its key needs the files of its inputs
    Missed,     // has a key, not cached, nobody needs it yet or its inputs are not done
    Executing,  // its execute task is out or ready
    Done,
  };
  struct Item {
    State state = State::Waiting;
    bool is_needed = false;   // somebody wants the files
    bool is_target = false;
    bool has_key = false;     // users may be resolved
    std::vector<StepId> users;
  };

  void need(StepId step);
  void advance(StepId step);
  bool inputs_done(StepId step) const;
  bool inputs_keyed(StepId step) const;
  void finish(StepId step);

  std::vector<Node> nodes_;
  std::vector<Item> items_;
  std::set<StepId> ready_to_resolve_, ready_to_execute_;
  size_t open_targets_ = 0;
};

}  // namespace slipway::schedule

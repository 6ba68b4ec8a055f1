#include "schedule/plan.h"

#include <algorithm>

#include "base/error.h"

namespace slipway::schedule {

Plan::Plan(std::vector<Node> nodes, const std::vector<StepId>& targets) : nodes_(std::move(nodes)), items_(nodes_.size()) {
  for (StepId step = 0; step < nodes_.size(); ++step) {
    for (const StepId input : nodes_[step].inputs) {
      CHECK(input < step);
      items_[input].users.push_back(step);
    }
  }
  for (const StepId target : targets) {
    if (items_[target].is_target) continue;
    items_[target].is_target = items_[target].is_needed = true;
    ++open_targets_;
  }
  for (StepId step = 0; step < nodes_.size(); ++step) advance(step);
}

std::optional<Task> Plan::next(bool allow_heavy) {
  // Executing first: it is what takes long, and what others wait for.
  for (const StepId step : ready_to_execute_) {
    if (nodes_[step].is_heavy && !allow_heavy) continue;
    ready_to_execute_.erase(step);
    return Task{Task::Kind::Execute, step};
  }
  if (ready_to_resolve_.empty()) return std::nullopt;
  const StepId step = *ready_to_resolve_.begin();
  ready_to_resolve_.erase(step);
  return Task{Task::Kind::Resolve, step};
}

void Plan::resolved(StepId step, seams::Resolution resolution) {
  Item& item = items_[step];
  CHECK(item.state == State::Resolving);
  switch (resolution) {
    case seams::Resolution::Done:
      finish(step);
      return;
    case seams::Resolution::NeedsInputs:
      CHECK(!inputs_done(step));
      item.state = State::Blocked;
      // Work has to be done before the next key is known. What else was missed is then wanted in all likelihood: waiting
      // for that key would run independent stages one after the other.
      for (StepId other = 0; other < items_.size(); ++other) need(other);
      return;
    case seams::Resolution::Miss:
      item.state = State::Missed;
      item.has_key = true;
      if (item.is_needed)
        for (const StepId input : nodes_[step].inputs) need(input);
      advance(step);
      for (const StepId user : item.users) advance(user);
      return;
  }
}

void Plan::executed(StepId step) {
  CHECK(items_[step].state == State::Executing);
  finish(step);
}

void Plan::need(StepId step) {
  Item& item = items_[step];
  if (item.is_needed) return;
  item.is_needed = true;
  if (item.state == State::Missed) {
    for (const StepId input : nodes_[step].inputs) need(input);
    advance(step);
  }
}

// Moves a step on as far as what is known allows.
void Plan::advance(StepId step) {
  Item& item = items_[step];
  if (item.state == State::Waiting && inputs_keyed(step)) {
    item.state = State::Resolving;
    ready_to_resolve_.insert(step);
  } else if (item.state == State::Blocked && inputs_done(step)) {
    item.state = State::Resolving;
    ready_to_resolve_.insert(step);
  } else if (item.state == State::Missed && item.is_needed && inputs_done(step)) {
    item.state = State::Executing;
    ready_to_execute_.insert(step);
  }
}

bool Plan::inputs_done(StepId step) const {
  return std::all_of(nodes_[step].inputs.begin(), nodes_[step].inputs.end(),
                     [&](StepId input) { return items_[input].state == State::Done; });
}

bool Plan::inputs_keyed(StepId step) const {
  return std::all_of(nodes_[step].inputs.begin(), nodes_[step].inputs.end(),
                     [&](StepId input) { return items_[input].has_key; });
}

void Plan::finish(StepId step) {
  Item& item = items_[step];
  item.state = State::Done;
  item.has_key = true;
  if (item.is_target) --open_targets_;
  for (const StepId user : item.users) advance(user);
}

}  // namespace slipway::schedule

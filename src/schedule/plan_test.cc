#include "schedule/plan.h"

#include <atomic>

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/error.h"
#include "schedule/builder.h"

namespace slipway::schedule {
namespace {

using seams::Resolution;

std::string next_of(Plan& plan, bool allow_heavy = true) {
  const auto task = plan.next(allow_heavy);
  if (!task) return "nothing";
  return (task->kind == Task::Kind::Resolve ? "resolve " : "execute ") + std::to_string(task->step);
}

TEST(Plan, HitAtTheEndExecutesNothing) {
  Plan plan({{.inputs = {}}, {.inputs = {0}}}, {1});
  EXPECT_EQ(next_of(plan), "resolve 0");
  EXPECT_EQ(next_of(plan), "nothing");
  plan.resolved(0, Resolution::Miss);
  EXPECT_EQ(next_of(plan), "resolve 1");
  plan.resolved(1, Resolution::Done);
  EXPECT_TRUE(plan.is_done());
  EXPECT_EQ(next_of(plan), "nothing");
}

TEST(Plan, MissOfATargetExecutesWhatItNeedsFirst) {
  Plan plan({{.inputs = {}}, {.inputs = {0}}}, {1});
  next_of(plan);
  plan.resolved(0, Resolution::Miss);
  next_of(plan);
  plan.resolved(1, Resolution::Miss);
  EXPECT_EQ(next_of(plan), "execute 0");
  EXPECT_EQ(next_of(plan), "nothing");
  plan.executed(0);
  EXPECT_EQ(next_of(plan), "execute 1");
  plan.executed(1);
  EXPECT_TRUE(plan.is_done());
}

TEST(Plan, BlockedStepIsResolvedAgainOnceItsInputsAreDone) {
  Plan plan({{.inputs = {}}, {.inputs = {0}}, {.inputs = {1}}}, {2});
  next_of(plan);
  plan.resolved(0, Resolution::Miss);
  next_of(plan);
  plan.resolved(1, Resolution::NeedsInputs);
  EXPECT_EQ(next_of(plan), "execute 0");
  plan.executed(0);
  EXPECT_EQ(next_of(plan), "resolve 1");
  plan.resolved(1, Resolution::Done);
  EXPECT_EQ(next_of(plan), "resolve 2");
  plan.resolved(2, Resolution::Done);
  EXPECT_TRUE(plan.is_done());
}

TEST(Plan, BranchesThatBlockOneAfterTheOtherStillRunTogether) {
  // 0 and 1 are stages; 2 copies from 0, 3 goes on from 2 and copies from 1.
  Plan plan({{.inputs = {}}, {.inputs = {}}, {.inputs = {0}}, {.inputs = {2, 1}}}, {3});
  next_of(plan);
  next_of(plan);
  plan.resolved(0, Resolution::Miss);
  plan.resolved(1, Resolution::Miss);
  EXPECT_EQ(next_of(plan), "resolve 2");
  plan.resolved(2, Resolution::NeedsInputs);
  EXPECT_EQ(next_of(plan), "execute 0");
  EXPECT_EQ(next_of(plan), "execute 1");
}

TEST(Plan, HeavyStepsWaitForTheirTurnAndLightOnesPassThem) {
  Plan plan({{.inputs = {}, .is_heavy = true}, {.inputs = {}}}, {0, 1});
  next_of(plan);
  next_of(plan);
  plan.resolved(0, Resolution::Miss);
  plan.resolved(1, Resolution::Miss);
  EXPECT_EQ(next_of(plan, false), "execute 1");
  EXPECT_EQ(next_of(plan, false), "nothing");
  EXPECT_EQ(next_of(plan, true), "execute 0");
}

class FakeRunner : public seams::Runner {
 public:
  std::map<uint32_t, Resolution> resolutions;
  std::map<uint32_t, std::string> failures;
  std::atomic<int> executed{0};

  Resolution resolve(uint32_t step) override {
    const auto it = resolutions.find(step);
    return it == resolutions.end() ? Resolution::Miss : it->second;
  }
  void execute(uint32_t step) override {
    if (const auto it = failures.find(step); it != failures.end()) throw Error(it->second);
    ++executed;
  }
};

TEST(Builder, RunsADiamondOnce) {
  FakeRunner runner;
  std::stop_source cancel;
  run(Plan({{.inputs = {}}, {.inputs = {0}}, {.inputs = {0}}, {.inputs = {1, 2}}}, {3}), runner, {}, cancel);
  EXPECT_EQ(runner.executed, 4);
}

TEST(Builder, FirstFailureIsRethrownAndCancelsTheRest) {
  FakeRunner runner;
  runner.failures[0] = "disk full";
  std::stop_source cancel;
  try {
    run(Plan({{.inputs = {}}, {.inputs = {0}}}, {1}), runner, {}, cancel);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "disk full");
  }
  EXPECT_TRUE(cancel.stop_requested());
  EXPECT_EQ(runner.executed, 0);
}

TEST(Builder, StoppedBuildThrowsCancelled) {
  FakeRunner runner;
  std::stop_source cancel;
  cancel.request_stop();
  EXPECT_THROW(run(Plan({{.inputs = {}}}, {0}), runner, {}, cancel), Cancelled);
}

TEST(Builder, ThousandIndependentStepsRunWithinTheLimits) {
  FakeRunner runner;
  std::stop_source cancel;
  std::vector<Node> nodes(1000, Node{.inputs = {}, .is_heavy = true});
  std::vector<StepId> targets;
  for (StepId i = 0; i < nodes.size(); ++i) targets.push_back(i);
  run(Plan(nodes, targets), runner, {.heavy = 3, .light = 2}, cancel);
  EXPECT_EQ(runner.executed, 1000);
}

}  // namespace
}  // namespace slipway::schedule

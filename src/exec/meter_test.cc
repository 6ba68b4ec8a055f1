// What is told of the programs of a step.
#include "exec/meter.h"

#include <algorithm>

#include "exec/step_fixture.h"

namespace slipway::exec {
namespace {

const ProgramCost* find(const RunResult& result, std::string_view program) {
  const auto found = std::ranges::find_if(
      result.programs, [&](const ProgramCost& cost) { return cost.program == program; });
  return found == result.programs.end() ? nullptr : &*found;
}

TEST_F(RunStep, TellsHowManyProcessesOfAProgramThereWere) {
  // Applets of busybox that the shell executes: all of them are the same file.
  const RunResult result = sh("for i in 1 2 3 4 5; do /bin/busybox true; done; exit 3");
  EXPECT_EQ(result.exit_code, 3);
  const ProgramCost* const busybox = find(result, "/bin/busybox");
  ASSERT_TRUE(busybox);
  EXPECT_EQ(busybox->processes, 6u);
  EXPECT_FALSE(busybox->is_emulated);
  EXPECT_GT(busybox->cpu_seconds, 0);
  EXPECT_EQ(result.programs.size(), 1u) << "the runtime is not part of the step";
  EXPECT_EQ(result.emulated_seconds, 0);
}

TEST_F(RunStep, ProgramsSpendNoMoreThanTheStep) {
  const RunResult result = sh("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done");
  const ProgramCost* const busybox = find(result, "/bin/busybox");
  ASSERT_TRUE(busybox);
  EXPECT_LE(busybox->cpu_seconds, result.cpu_seconds + 0.02);
}

TEST_F(RunStep, AProcessThatIsKilledStopsNobody) {
  const RunResult result = sh("sh -c 'kill -9 $$'; sleep 100 & kill -9 $!; exit 0");
  EXPECT_EQ(result.exit_code, 0);
}

TEST_F(RunStep, ManyProcessesAtOnceAllGetTheirAnswer) {
  const RunResult result =
      sh("for i in $(seq 1 200); do (exit 0) & done; wait; for i in $(seq 1 50); do true | cat; done");
  EXPECT_EQ(result.exit_code, 0);
  const ProgramCost* const busybox = find(result, "/bin/busybox");
  ASSERT_TRUE(busybox);
  EXPECT_GE(busybox->processes, 250u);
}

TEST_F(RunStep, IsEndedWhenItMayNotGoOn) {
  spec.may_go_on = [](double emulated) { return emulated < 0; };
  const RunResult result = sh("sleep 1000");
  EXPECT_TRUE(result.was_ended);
}

}  // namespace
}  // namespace slipway::exec

// What runtimes say in their logs.
#include "exec/runtime.h"

#include <gtest/gtest.h>

namespace slipway::exec {
namespace {

TEST(RuntimeLog, AnEmptyLogMeansThatTheStepRan) {
  EXPECT_FALSE(read_runtime_log(""));
  EXPECT_FALSE(read_runtime_log(R"({"level":"warning","msg":"something odd"})"
                                "\n"));
}

TEST(RuntimeLog, TellsAMissingProgramFromABrokenSandbox) {
  const auto missing = read_runtime_log(
      R"({"msg":"executable file `x` not found in $PATH: No such file or directory","level":"error"})");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->exit_code, 127);
  const auto runc = read_runtime_log(
      R"({"level":"error","msg":"runc run failed: unable to start container process: exec: \"x\": executable file not found in $PATH"})");
  ASSERT_TRUE(runc);
  EXPECT_EQ(runc->exit_code, 127);
  const auto sandbox =
      read_runtime_log(R"({"level":"error","msg":"mount `proc`: Operation not permitted"})");
  ASSERT_TRUE(sandbox);
  EXPECT_EQ(sandbox->exit_code, 0);
  EXPECT_EQ(sandbox->message, "mount `proc`: Operation not permitted");
}

TEST(RuntimeLog, KeepsLinesThatAreNoJson) {
  const auto failure = read_runtime_log("panic: out of luck\n");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->message, "panic: out of luck");
}

}  // namespace
}  // namespace slipway::exec

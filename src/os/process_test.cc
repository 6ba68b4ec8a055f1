#include "os/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>

#include "base/error.h"

namespace slipway::os {
namespace {

using ::testing::HasSubstr;

Finished shell(const std::string& script, std::string_view input = {}) {
  return run({.argv = {"/bin/sh", "-c", script}, .env = {}, .cwd = {}, .input = input});
}

TEST(Process, KeepsWhatIsPrintedAndHowItEnded) {
  const Finished done = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(done.output, "out\n");
  EXPECT_EQ(done.errors, "err\n");
  EXPECT_EQ(done.exit_code(), 3);
  EXPECT_FALSE(done.ok());
}

TEST(Process, InputOfAnySizeArrives) {
  const std::string input(1'000'000, 'x');
  EXPECT_EQ(shell("wc -c", input).output, "1000000\n");
}

TEST(Process, AProgramNeedNotReadItsInput) {
  const std::string input(1'000'000, 'x');
  EXPECT_EQ(shell("exec 0<&-; echo done", input).output, "done\n");
}

TEST(Process, ASignalCountsAsShellsCountIt) {
  EXPECT_EQ(shell("kill -9 $$").exit_code(), 128 + SIGKILL);
}

TEST(Process, AMissingProgramIsAnErrorThatNamesIt) {
  try {
    run({.argv = {"/nowhere/tool"}, .env = {}, .cwd = {}, .input = {}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.render(), HasSubstr("/nowhere/tool"));
  }
}

TEST(Process, StoppingEndsTheProgram) {
  std::stop_source source;
  const std::jthread later([&] { source.request_stop(); });
  EXPECT_THROW(
      run({.argv = {"/bin/sleep", "1000"}, .env = {}, .cwd = {}, .input = {}}, source.get_token()),
      Cancelled);
}

}  // namespace
}  // namespace slipway::os

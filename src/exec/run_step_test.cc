// Steps from their start to their end, run as whoever starts the test program: root, a user with
// subordinate ids, a user without.
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "exec/ground.h"
#include "exec/runtime.h"
#include "exec/sandbox.h"
#include "exec/step_fixture.h"

namespace slipway::exec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// The whole program runs in the namespace, as slipway does.
class InNamespace : public testing::Environment {
 public:
  void SetUp() override { enter_namespace(); }
};
[[maybe_unused]] const auto* const environment = testing::AddGlobalTestEnvironment(new InNamespace);

TEST_F(RunStep, ReportsTheExitCode) {
  EXPECT_EQ(sh("exit 0").exit_code, 0);
  EXPECT_EQ(sh("exit 7").exit_code, 7);
}

TEST_F(RunStep, ReportsASignal) {
  const RunResult result = sh("sh -c 'kill -9 $$'; exit $?");
  EXPECT_EQ(result.exit_code, 137);
  EXPECT_EQ(result.signal, 9);
}

TEST_F(RunStep, KeepsTheOutputStreamsApart) {
  sh("echo one; echo two >&2; echo three");
  EXPECT_EQ(output, "one\nthree\n");
  EXPECT_EQ(errors, "two\n");
}

TEST_F(RunStep, PassesLongOutputCompletely) {
  sh("seq 1 200000");
  EXPECT_EQ(std::count(output.begin(), output.end(), '\n'), 200000);
  EXPECT_TRUE(output.ends_with("200000\n"));
}

TEST_F(RunStep, GivesAnEmptyStandardInput) {
  EXPECT_EQ(sh("wc -c").exit_code, 0);
  EXPECT_EQ(trim(output), "0");
}

TEST_F(RunStep, GivesTheEnvironmentAndTheHomeOfTheUser) {
  spec.env = {"PATH=/bin", "A=b c"};
  sh("env");
  EXPECT_THAT(split(output, '\n'), testing::IsSupersetOf({"A=b c", "PATH=/bin", "HOME=/root"}));
}

TEST_F(RunStep, StartsInTheWorkingDirectoryAndMakesItWhenMissing) {
  spec.cwd = "/made/here";
  sh("pwd");
  EXPECT_EQ(output, "/made/here\n");
  EXPECT_THAT(in_upper(), ElementsAre("made", "made/here"));
}

TEST_F(RunStep, LeavesUpperEmptyWhenNothingChanges) {
  EXPECT_EQ(sh("true").exit_code, 0);
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, ReportsAMissingProgramAsAShellDoes) {
  fresh_step();
  spec.argv = {"/bin/nothing"};
  EXPECT_EQ(run_step(spec, {}).exit_code, 127);
  EXPECT_THAT(errors, HasSubstr("/bin/nothing"));
}

TEST_F(RunStep, ReportsAFileThatCannotBeExecuted) {
  write("base/bin/text", "not a program");
  fresh_step();
  spec.argv = {"/bin/text"};
  EXPECT_EQ(run_step(spec, {}).exit_code, 126);
}

TEST_F(RunStep, ReportsWhatItCost) {
  const RunResult result = sh("seq 1 300000 | wc -l; (seq 1 300000 | wc -l) &");
  EXPECT_GT(result.cpu_seconds, 0.001);
  EXPECT_GT(result.wall_seconds, 0.001);
  EXPECT_EQ(result.emulated_seconds, 0);
}

TEST_F(RunStep, EndsBackgroundProcessesWithTheFirst) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(sh("sleep 1000 & sleep 1000 & exit 3").exit_code, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(100));
}

/// A number of seconds that no other process sleeps.
std::string unusual_number() { return "1" + std::to_string(::getpid()) + "77"; }

bool is_running(const std::string& argument) {
  for (const auto& entry : os::list_dir("/proc")) {
    if (!parse_u64(entry)) continue;
    std::string command;
    try {
      command = os::read_file_if_exists("/proc/" + entry + "/cmdline").value_or("");
    } catch (const Error&) {
      continue;  // it has just ended
    }
    if (command.ends_with(std::string(1, '\0') + argument + std::string(1, '\0'))) return true;
  }
  return false;
}

TEST_F(RunStep, DiesWithTheProgram) {
  fresh_step();
  const std::string mark = unusual_number();
  spec.argv = {"/bin/sh", "-c", "trap '' TERM INT HUP; echo running; sleep " + mark};
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
  const os::UniqueFd read_end(fds[0]);
  os::UniqueFd write_end(fds[1]);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    spec.output = [&](std::string_view bytes, bool) { os::write_all(write_end.get(), bytes); };
    try {
      run_step(spec, {});
    } catch (const std::exception&) {
    }
    ::_exit(1);
  }
  write_end.reset();
  std::array<uint8_t, 16> buffer{};
  ASSERT_GT(os::read_some(read_end.get(), buffer), 0u);
  while (!is_running(mark)) std::this_thread::yield();
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  while (is_running(mark))
    std::this_thread::yield();  // ends, or the test program is stopped as hanging
}

TEST_F(RunStep, ACancelledStepLeavesNothing) {
  const std::string mark = unusual_number();
  fresh_step();
  spec.argv = {"/bin/sh", "-c", "trap '' TERM INT HUP; sleep 1000 & echo running; sleep " + mark};
  std::stop_source stop;
  spec.output = [&](std::string_view, bool) { stop.request_stop(); };
  const std::string mounts = os::read_file("/proc/self/mountinfo");
  EXPECT_THROW(run_step(spec, stop.get_token()), Cancelled);
  EXPECT_EQ(os::read_file("/proc/self/mountinfo"), mounts);
  EXPECT_FALSE(is_running(mark));
  EXPECT_THAT(os::list_dir(ground().private_dir + "/runtime"),
              Not(Contains(testing::StartsWith("step" + std::to_string(::getpid()) + "-"))));
}

TEST_F(RunStep, DoesNotStartOnceCancelled) {
  std::stop_source stop;
  stop.request_stop();
  fresh_step();
  spec.argv = {"/bin/touch", "/tmp/file"};
  EXPECT_THROW(run_step(spec, stop.get_token()), Cancelled);
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, ManyRunAtOnce) {
  std::vector<std::jthread> threads;
  std::vector<std::string> outputs(8);
  for (int i = 0; i < 8; ++i) {
    fresh_step();
    RunSpec own = spec;
    own.argv = {
        "/bin/sh", "-c",
        "echo " + std::to_string(i) + " > /tmp/file; cat /tmp/file; exit " + std::to_string(i)};
    threads.emplace_back([own, i, &outputs]() mutable {
      for (int round = 0; round < 3; ++round) {
        const os::TempDir upper(os::dir_name(own.upper)), scratch(os::dir_name(own.upper));
        own.upper = upper.path();
        own.scratch = scratch.path();
        own.output = [&](std::string_view bytes, bool) {
          outputs[static_cast<size_t>(i)].append(bytes);
        };
        EXPECT_EQ(run_step(own, {}).exit_code, i);
      }
    });
  }
  threads.clear();
  for (size_t i = 0; i < 8; ++i) {
    const std::string line = std::to_string(i) + "\n";
    EXPECT_EQ(outputs[i], line + line + line);
  }
}

TEST_F(RunStep, WorksWithEveryInstalledRuntime) {
  const size_t usual = current_runtime();
  for (size_t index = 0; index < installed_runtimes().size(); ++index) {
    SCOPED_TRACE(installed_runtimes()[index].path);
    prefer_runtime(index);
    spec.network = Network::Default;
    EXPECT_EQ(sh("grep -E 'CapEff|Seccomp:' /proc/self/status; echo x > /tmp/f; exit 5").exit_code,
              5);
    EXPECT_EQ(output, "CapEff:\t00000000a80425fb\nSeccomp:\t2\n");
    EXPECT_EQ(errors, "");
    EXPECT_THAT(in_upper(), ElementsAre("tmp", "tmp/f"));
    EXPECT_NE(sh("chmod 0666 /dev/full").exit_code, 0);
    spec.network = Network::None;
    EXPECT_EQ(sh("ip -o link | wc -l").exit_code, 0);
    EXPECT_EQ(output, "1\n");
    fresh_step();
    spec.argv = {"/bin/nothing"};
    EXPECT_EQ(run_step(spec, {}).exit_code, 127);
    EXPECT_THAT(errors, HasSubstr("/bin/nothing"));
  }
  prefer_runtime(usual);
}

TEST_F(RunStep, SaysWhichRuntimeItUses) {
  EXPECT_THAT(runtime_description(), testing::ContainsRegex("^(crun|runc) [0-9]+[.]"));
}

}  // namespace
}  // namespace slipway::exec

// Steps in the sandbox, run as whoever starts the test program: root, a user with subordinate ids,
// a user without.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "exec/ground.h"
#include "exec/run.h"
#include "exec/sandbox.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kBusybox[] = "/bin/busybox";

/// The whole program runs in the namespace, as slipway does.
class InNamespace : public testing::Environment {
 public:
  void SetUp() override { enter_namespace(); }
};
[[maybe_unused]] const auto* const environment = testing::AddGlobalTestEnvironment(new InNamespace);

/// A root file system of busybox in one layer, and directories for one step at a time.
class RunStep : public testing::Test {
 protected:
  void SetUp() override {
    if (!os::exists(kBusybox)) GTEST_SKIP() << "busybox-static is not installed";
    const std::string base = path("base");
    for (const char* dir : {"bin", "proc", "sys", "dev", "etc", "tmp", "var/lib"})
      os::make_dirs(base + "/" + dir);
    std::filesystem::copy_file(kBusybox, base + "/bin/busybox");
    for (const char* applet :
         {"sh",    "true", "false", "cat",     "ls",       "id",    "pwd",   "env",
          "touch", "rm",   "chown", "stat",    "mkdir",    "kill",  "sleep", "echo",
          "grep",  "test", "mount", "unshare", "ip",       "nc",    "seq",   "hostname",
          "df",    "ln",   "wc",    "mv",      "readlink", "printf"})
      ASSERT_EQ(::symlink("busybox", (base + "/bin/" + applet).c_str()), 0);
    write("base/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34::/var/www:/bin/sh\n");
    write("base/etc/group", "root:x:0:\nwww:x:34:\nextra:x:35:www\n");
    write("base/etc/hosts", "");
    write("base/etc/resolv.conf", "");
    spec.lowers = {base};
    spec.env = {"PATH=/bin"};
    spec.platform = oci::host_platform();
    spec.output = [this](std::string_view bytes, bool is_stderr) {
      (is_stderr ? errors : output).append(bytes);
    };
    fresh_step();
  }

  std::string path(std::string_view name) const { return temp.path() + "/" + std::string(name); }
  void write(std::string_view name, std::string_view text) const {
    os::make_dirs(os::dir_name(path(name)));
    os::write_all(os::open_file(path(name), O_CREAT | O_WRONLY | O_TRUNC).get(), text);
  }
  void fresh_step() {
    const std::string number = std::to_string(steps++);
    spec.id = "t" + number;
    spec.upper = path("upper" + number);
    spec.scratch = path("scratch" + number);
    os::make_dirs(spec.upper);
    os::make_dirs(spec.scratch);
    output.clear();
    errors.clear();
  }
  RunResult sh(const std::string& script) {
    fresh_step();
    spec.argv = {"/bin/sh", "-c", script};
    return run_step(spec, {});
  }
  std::vector<std::string> in_upper() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(spec.upper))
      found.push_back(entry.path().string().substr(spec.upper.size() + 1));
    std::sort(found.begin(), found.end());
    return found;
  }

  os::TempDir temp{"/var/tmp", "exec-test-"};
  RunSpec spec;
  int steps = 0;
  std::string output, errors;
};

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

TEST_F(RunStep, LeavesUpperEmptyAlsoWhereMountPointsAreMissing) {
  for (const char* dir : {"proc", "sys", "dev"})
    ASSERT_EQ(::rmdir(path("base/" + std::string(dir)).c_str()), 0);
  for (const char* file : {"hosts", "resolv.conf"})
    ASSERT_EQ(::unlink(path("base/etc/" + std::string(file)).c_str()), 0);
  write("secret", "hush");
  spec.mounts = {{.source = path("secret"), .target = "/run/secrets/key"}};
  EXPECT_EQ(sh("cat /run/secrets/key; grep -c localhost /etc/hosts").exit_code, 0);
  EXPECT_EQ(output, "hush2\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, AMissingMountPointDoesNotChangeTheDirectoryAroundIt) {
  ASSERT_EQ(::unlink(path("base/etc/hosts").c_str()), 0);
  ASSERT_EQ(::chmod(path("base/etc").c_str(), 0711), 0);
  const timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("base/etc").c_str(), times, 0), 0);
  sh("stat -c '%a %u %Y' /etc; echo x > /etc/new");
  EXPECT_EQ(output, "711 0 1000000000\n");
  EXPECT_THAT(in_upper(), ElementsAre("etc", "etc/new"));
}

TEST_F(RunStep, WritesChangesToUpper) {
  sh("echo hello > /tmp/file; mkdir /dir; ln -s /tmp /dir/link");
  EXPECT_THAT(in_upper(), ElementsAre("dir", "dir/link", "tmp", "tmp/file"));
  EXPECT_EQ(os::read_file(spec.upper + "/tmp/file"), "hello\n");
}

TEST_F(RunStep, MarksARemovedFileWithAWhiteout) {
  write("base/tmp/gone", "x");
  sh("rm /tmp/gone");
  struct stat st{};
  ASSERT_EQ(::lstat((spec.upper + "/tmp/gone").c_str(), &st), 0);
  EXPECT_TRUE(S_ISCHR(st.st_mode));
  EXPECT_EQ(st.st_rdev, 0u);
}

TEST_F(RunStep, ShowsTheTopmostOfManyLayers) {
  for (int i = 0; i < 499; ++i) {
    write("layer" + std::to_string(i) + "/number", std::to_string(i));
    spec.lowers.push_back(path("layer" + std::to_string(i)));
  }
  sh("cat /number");
  EXPECT_EQ(output, "498");
}

TEST_F(RunStep, RunsAStaticProgramWithoutAnyLayer) {
  write("bin/busybox", "");
  spec.mounts = {{.source = kBusybox, .target = "/busybox"}};
  spec.lowers.clear();
  fresh_step();
  spec.argv = {"/busybox", "echo", "alone"};
  EXPECT_EQ(run_step(spec, {}).exit_code, 0);
  EXPECT_EQ(output, "alone\n");
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

}  // namespace
}  // namespace slipway::exec

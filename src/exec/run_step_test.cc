// Steps in the sandbox, run as whoever starts the test program: root, a user with subordinate ids,
// a user without.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "exec/foreign.h"
#include "exec/ground.h"
#include "exec/mounts.h"
#include "exec/run.h"
#include "exec/runtime.h"
#include "exec/sandbox.h"
#include "os/fd.h"
#include "os/fs.h"
#include "os/process.h"

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
         {"sh",    "true", "false", "cat",     "ls",    "id",       "pwd",   "env",
          "touch", "rm",   "chown", "stat",    "mkdir", "kill",     "sleep", "echo",
          "grep",  "test", "mount", "unshare", "ip",    "nc",       "seq",   "hostname",
          "df",    "ln",   "wc",    "head",    "mv",    "readlink", "printf"})
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

TEST_F(RunStep, LeavesTheDevicesOfTheHostAsTheyAre) {
  struct stat before{}, after{};
  ASSERT_EQ(::stat("/dev/full", &before), 0);
  EXPECT_NE(sh("chown 0:0 /dev/full || chmod 0666 /dev/full || touch /dev/full").exit_code, 0);
  EXPECT_EQ(sh("echo works > /dev/null && head -c 3 /dev/zero | wc -c && mkdir /dev/new").exit_code,
            0);
  ASSERT_EQ(::stat("/dev/full", &after), 0);
  EXPECT_EQ(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
  EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}

TEST_F(RunStep, KeepsTheStandardInputOfTheHostOutOfTheStep) {
  if (ground().ns.mapping == IdMapping::Single) GTEST_SKIP() << "only one id is mapped";
  struct stat before{}, after{};
  ASSERT_EQ(::stat("/dev/null", &before), 0);
  spec.user = "www";
  EXPECT_EQ(sh("echo works > /dev/null; readlink /proc/self/fd/0 | grep -c pipe").exit_code, 0);
  ASSERT_EQ(::stat("/dev/null", &after), 0);
  EXPECT_EQ(after.st_uid, before.st_uid);
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

TEST_F(RunStep, RefusesAMisspeltUser) {
  spec.user = "ww";
  try {
    sh("true");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "no user ww in /etc/passwd of the image");
    EXPECT_EQ(error.hint(), "did you mean www?");
  }
}

TEST_F(RunStep, RunsAsTheWantedUser) {
  if (ground().ns.mapping == IdMapping::Single) GTEST_SKIP() << "only one id is mapped";
  spec.user = "www";
  EXPECT_EQ(sh("id -u; id -g; id -G; echo $HOME; grep CapEff /proc/self/status").exit_code, 0);
  EXPECT_EQ(output, "33\n34\n34 35\n/var/www\nCapEff:\t0000000000000000\n");
}

TEST_F(RunStep, AUserWhoIsNotMappedIsAClearError) {
  if (ground().ns.mapping != IdMapping::Single) GTEST_SKIP() << "more than one id is mapped";
  spec.user = "www";
  try {
    sh("true");
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("33"));
    EXPECT_THAT(error.hint(), HasSubstr("subuid"));
  }
}

TEST_F(RunStep, KeepsOwnersWhereIdsAreMapped) {
  const RunResult result = sh("echo x > /tmp/f && chown 33:33 /tmp/f");
  if (ground().ns.mapping == IdMapping::Single) {
    EXPECT_NE(result.exit_code, 0);
    EXPECT_THAT(ground().ns.note, HasSubstr("owners other than root cannot be kept"));
    return;
  }
  EXPECT_EQ(result.exit_code, 0);
  struct stat st{};
  ASSERT_EQ(::lstat((spec.upper + "/tmp/f").c_str(), &st), 0);
  EXPECT_EQ(st.st_uid, 33u);
}

TEST_F(RunStep, HasDockersCapabilitiesAndAFilter) {
  sh("grep -E 'CapEff|CapBnd|CapInh|CapAmb|NoNewPrivs|Seccomp:' /proc/self/status");
  EXPECT_EQ(output,
            "CapInh:\t0000000000000000\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
            "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n");
}

TEST_F(RunStep, AnInsecureStepHasEverythingTheNamespaceHas) {
  spec.insecure = true;
  EXPECT_EQ(sh("grep -E 'CapEff|Seccomp:' /proc/self/status; mount -t tmpfs none /tmp").exit_code,
            0);
  EXPECT_EQ(output, "CapEff:\t000001ffffffffff\nSeccomp:\t0\n");
}

TEST_F(RunStep, CannotMountNorMakeNamespaces) {
  EXPECT_NE(sh("mount -t tmpfs none /tmp").exit_code, 0);
  EXPECT_NE(sh("unshare -U true").exit_code, 0);
  EXPECT_NE(sh("unshare -n true").exit_code, 0);
}

TEST_F(RunStep, SeesOnlyItsOwnProcesses) {
  sh("echo $$ /proc/[0-9]*");
  EXPECT_EQ(output, "1 /proc/1\n");
}

TEST_F(RunStep, HasAHostNameOfItsOwn) {
  sh("hostname");
  EXPECT_EQ(output, "buildkitsandbox\n");
}

TEST_F(RunStep, CannotWriteToTheKernel) {
  EXPECT_NE(sh("echo 1 > /proc/sys/kernel/panic").exit_code, 0);
  for (const Network network : {Network::Default, Network::None}) {
    spec.network = network;
    EXPECT_NE(sh("mkdir /sys/fs/cgroup/x || mkdir /sys/fs/cgroup/memory/x").exit_code, 0);
  }
  EXPECT_EQ(sh("cat /proc/keys | wc -c; ls /sys/firmware | wc -l").exit_code, 0);
  EXPECT_EQ(output, "0\n0\n");
}

TEST_F(RunStep, HasTheUsualDevices) {
  sh("echo x > /dev/null; test -c /dev/null -a -c /dev/zero -a -c /dev/full -a -c /dev/random -a "
     "-c /dev/urandom -a -c /dev/tty"
     " -a -L /dev/fd -a -L /dev/stdin -a -e /dev/ptmx && df -k /dev/shm | grep -c 65536; echo into "
     "> /dev/stdout");
  EXPECT_EQ(output, "1\ninto\n");
}

TEST_F(RunStep, HasTheAskedForSharedMemory) {
  spec.limits.shm_size = 1u << 20;
  sh("df -k /dev/shm | grep -c ' 1024 '");
  EXPECT_EQ(output, "1\n");
}

TEST_F(RunStep, HasTheUsualFileCreationMask) {
  const mode_t before = ::umask(077);
  sh("umask");
  ::umask(before);
  EXPECT_EQ(output, "0022\n");
}

TEST_F(RunStep, AppliesLimits) {
  spec.limits.ulimits = {"nofile=100:200", "core=0"};
  sh("ulimit -Sn; ulimit -Hn; ulimit -c");
  EXPECT_EQ(output, "100\n200\n0\n");
}

TEST_F(RunStep, RefusesAMalformedLimit) {
  spec.limits.ulimits = {"nofiles=100"};
  EXPECT_THROW(sh("true"), Error);
}

TEST_F(RunStep, WritesHostsAndKeepsThemOutOfTheLayer) {
  spec.hostname = "builder";
  spec.extra_hosts = {{"db", "10.0.0.7"}};
  sh("cat /etc/hosts; hostname");
  EXPECT_EQ(output,
            "127.0.0.1\tlocalhost builder\n::1\tlocalhost ip6-localhost "
            "ip6-loopback\n10.0.0.7\tdb\nbuilder\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, WithoutNetworkHasOnlyTheLoopbackDevice) {
  spec.network = Network::None;
  EXPECT_EQ(sh("ip -o link | wc -l; ip -o addr show lo | grep -c 127.0.0.1").exit_code, 0);
  EXPECT_EQ(output, "1\n1\n");
}

TEST_F(RunStep, ReachesTheHostsNetwork) {
  const os::UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server.get(), 4), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string connect =
      "nc 127.0.0.1 " + std::to_string(ntohs(address.sin_port)) + " -e true";
  for (const Network network : {Network::Default, Network::Host}) {
    spec.network = network;
    EXPECT_EQ(sh(connect).exit_code, 0);
  }
  spec.network = Network::None;
  EXPECT_NE(sh(connect).exit_code, 0);
}

TEST_F(RunStep, BindsFilesAndDirectoriesReadOnlyOrNot) {
  write("context/a", "content");
  write("cache/b", "kept");
  spec.mounts = {{.source = path("context"), .target = "/src"},
                 {.source = path("cache"), .target = "/var/cache/x", .read_only = false},
                 {.source = path("context/a"), .target = "/etc/a"}};
  EXPECT_EQ(sh("cat /src/a /etc/a; echo new > /var/cache/x/c; echo x > /src/a || echo x > /etc/a "
               "|| echo refused")
                .exit_code,
            0);
  EXPECT_EQ(output, "contentcontentrefused\n");
  EXPECT_EQ(os::read_file(path("cache/c")), "new\n");
  EXPECT_EQ(os::read_file(path("context/a")), "content");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, BindsFromAMountWhoseFlagsAreLocked) {
  const os::TempDir directory("/dev/shm", "exec-test-");
  os::write_all(os::open_file(directory.path() + "/file", O_CREAT | O_WRONLY).get(), "content");
  spec.mounts = {{.source = directory.path(), .target = "/src"},
                 {.source = directory.path(), .target = "/rw", .read_only = false}};
  EXPECT_EQ(sh("cat /src/file && echo x > /rw/new && ! echo x > /src/file").exit_code, 0) << errors;
  EXPECT_EQ(output, "content");
}

TEST_F(RunStep, ThrowsWritesAwayWhereAsked) {
  write("context/a", "content");
  spec.mounts = {
      {.source = path("context"), .target = "/src", .read_only = false, .discard_writes = true},
      {.source = path("context/a"), .target = "/a", .read_only = false, .discard_writes = true}};
  EXPECT_EQ(sh("rm /src/a && echo new > /src/b && echo more >> /a && cat /a /src/b").exit_code, 0);
  EXPECT_EQ(output, "contentmore\nnew\n");
  EXPECT_EQ(os::list_dir(path("context")), std::vector<std::string>{"a"});
  EXPECT_EQ(os::read_file(path("context/a")), "content");
}

TEST_F(RunStep, MountsATmpfsOfTheAskedForSize) {
  spec.mounts = {{.target = "/scratch", .is_tmpfs = true, .tmpfs_size = 1u << 20}};
  EXPECT_EQ(
      sh("echo x > /scratch/f; df -k /scratch | grep -c ' 1024 '; stat -c %a /scratch").exit_code,
      0);
  EXPECT_EQ(output, "1\n1777\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, MountsInsideMountsWhateverTheOrder) {
  write("outer/o", "outer");
  write("inner/i", "inner");
  spec.mounts = {{.source = path("inner"), .target = "/m/n"},
                 {.source = path("outer"), .target = "/m", .read_only = false}};
  EXPECT_EQ(sh("cat /m/o /m/n/i").exit_code, 0);
  EXPECT_EQ(output, "outerinner");
}

TEST_F(RunStep, ResolvesLinksInTargetsInsideTheRoot) {
  ASSERT_EQ(::symlink("/../../../var/lib", path("base/out").c_str()), 0);
  ASSERT_EQ(::symlink("../run/missing", path("base/etc/dangling").c_str()), 0);
  write("secret", "hush");
  spec.mounts = {{.source = path("secret"), .target = "/out/secret"},
                 {.source = path("secret"), .target = "/etc/dangling"}};
  EXPECT_EQ(sh("cat /var/lib/secret /run/missing").exit_code, 0);
  EXPECT_EQ(output, "hushhush");
  EXPECT_FALSE(os::exists("/var/lib/secret"));
  EXPECT_THAT(in_upper(), IsEmpty());
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

TEST_F(RunStep, RunsForeignProgramsUnderTheEmulator) {
  const oci::Platform arm64 = oci::parse_platform("linux/arm64");
  if (oci::runs_natively(oci::host_platform(), arm64)) GTEST_SKIP() << "native here";
  if (!os::find_program("qemu-aarch64-static")) GTEST_SKIP() << "qemu-user-static is not installed";
  enable_emulation({arm64});
  // Writes four bytes of argv[0] and exits with its effective user id.
  ForeignArch program = *foreign_arch(arm64);
  program.exit_program = {0xe1, 0x07, 0x40, 0xf9, 0x20, 0x00, 0x80, 0xd2, 0x82, 0x00, 0x80, 0xd2,
                          0x08, 0x08, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xe8, 0x15, 0x80, 0xd2,
                          0x01, 0x00, 0x00, 0xd4, 0xa8, 0x0b, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
  write("base/bin/foreign", probe_executable(program));
  ASSERT_EQ(::chmod(path("base/bin/foreign").c_str(), 0755), 0);
  spec.platform = arm64;
  const RunResult result = sh("exec -a name /bin/foreign");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(output, "name");
  EXPECT_GT(result.emulated_seconds, 0);
  if (ground().ns.mapping == IdMapping::Single) return;
  ASSERT_EQ(::chown(path("base/bin/foreign").c_str(), 7, 7), 0);
  ASSERT_EQ(::chmod(path("base/bin/foreign").c_str(), 04755), 0);
  spec.user = "www";
  EXPECT_EQ(sh("/bin/foreign").exit_code, 7) << "a set-uid program keeps its rights";
  ASSERT_EQ(::chmod(path("base/bin/foreign").c_str(), 0111), 0);
  EXPECT_EQ(sh("/bin/foreign").exit_code, 33) << "a program that cannot be read can be run";
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

TEST_F(RunStep, AlsoMountsOverlaysTheWayOfOlderKernels) {
  write("second/etc/more", "more");
  const std::string work = path("old-work"), upper = path("old-upper");
  os::make_dirs(work);
  os::make_dirs(upper);
  const os::UniqueFd mount =
      overlay_mount_by_option_string({{path("base"), path("second")}, upper, work});
  EXPECT_EQ(os::read_all(os::open_at(mount.get(), "etc/more", O_RDONLY).get()), "more");
  EXPECT_EQ(os::read_all(os::open_at(mount.get(), "etc/group", O_RDONLY).get()),
            os::read_file(path("base/etc/group")));
  os::write_all(os::open_at(mount.get(), "etc/new", O_WRONLY | O_CREAT).get(), "x");
  EXPECT_EQ(os::read_file(upper + "/etc/new"), "x");
}

TEST_F(RunStep, APathLongerThanAMountOptionIsNoProblem) {
  const std::string deep = "d/" + std::string(200, 'a') + "/" + std::string(200, 'b');
  write(deep + "/deep-file", "found");
  spec.lowers.push_back(path(deep));
  EXPECT_EQ(sh("cat /deep-file").exit_code, 0);
  EXPECT_EQ(output, "found");
}

}  // namespace
}  // namespace slipway::exec

// What a step may do and see, and as whom.
#include "exec/sandbox.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "exec/foreign.h"
#include "exec/ground.h"
#include "exec/step_fixture.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

using testing::HasSubstr;

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
  ASSERT_FALSE(result.programs.empty());
  EXPECT_LE(result.emulated_seconds, result.cpu_seconds);
  if (ground().ns.mapping == IdMapping::Single) return;
  ASSERT_EQ(::chown(path("base/bin/foreign").c_str(), 7, 7), 0);
  ASSERT_EQ(::chmod(path("base/bin/foreign").c_str(), 04755), 0);
  spec.user = "www";
  EXPECT_EQ(sh("/bin/foreign").exit_code, 7) << "a set-uid program keeps its rights";
  ASSERT_EQ(::chmod(path("base/bin/foreign").c_str(), 0111), 0);
  EXPECT_EQ(sh("/bin/foreign").exit_code, 33) << "a program that cannot be read can be run";
}

}  // namespace
}  // namespace slipway::exec

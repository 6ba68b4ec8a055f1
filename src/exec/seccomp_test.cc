// The filter as the kernel applies it: each check runs in a child that has put it on.
#include "exec/seccomp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "json/json.h"

namespace slipway::exec {
namespace {

std::string machine() {
  utsname names{};
  ::uname(&names);
  return names.machine;
}

/// errno of the call below the filter, 0 when it succeeds.
int errno_of(long number, long first = 0, long second = 0, long third = 0) {
  std::string program = seccomp_filter(machine());
  const pid_t child = ::fork();
  if (child == 0) {
    sock_fprog filter = {static_cast<unsigned short>(program.size() / sizeof(sock_filter)),
                         reinterpret_cast<sock_filter*>(program.data())};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
      ::_exit(255);
    ::_exit(::syscall(number, first, second, third) < 0 ? errno : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class SeccompFilter : public testing::Test {
 protected:
  void SetUp() override {
    if (seccomp_filter(machine()).empty()) GTEST_SKIP() << "libseccomp is not installed";
  }
};

TEST_F(SeccompFilter, LetsOrdinaryCallsPass) {
  EXPECT_EQ(errno_of(SYS_getpid), 0);
  EXPECT_EQ(errno_of(SYS_socket, AF_UNIX, SOCK_STREAM), 0);
  EXPECT_EQ(errno_of(SYS_personality, 0xffffffff), 0);
}

TEST_F(SeccompFilter, RefusesWhatDockerRefuses) {
  EXPECT_EQ(errno_of(SYS_keyctl, 0), EPERM);
  EXPECT_EQ(errno_of(SYS_unshare, CLONE_NEWUSER), EPERM);
  EXPECT_EQ(errno_of(SYS_mount), EPERM);
  EXPECT_EQ(errno_of(SYS_setns), EPERM);
  EXPECT_EQ(errno_of(SYS_bpf), EPERM);
  EXPECT_EQ(errno_of(SYS_io_uring_setup), EPERM);
  EXPECT_EQ(errno_of(SYS_open_by_handle_at), EPERM);
  EXPECT_EQ(errno_of(SYS_init_module), EPERM);
  EXPECT_EQ(errno_of(SYS_socket, AF_VSOCK, SOCK_STREAM), EPERM);
  EXPECT_EQ(errno_of(SYS_personality, 0x0040000), EPERM);
}

TEST_F(SeccompFilter, AllowsCloneOnlyWithoutNamespaces) {
  EXPECT_EQ(errno_of(SYS_clone, CLONE_NEWUSER | SIGCHLD), EPERM);
  EXPECT_EQ(errno_of(SYS_clone, SIGCHLD), 0);
  EXPECT_EQ(errno_of(SYS_clone3, 0, 0), ENOSYS);
}

TEST_F(SeccompFilter, CallsOfTheFutureDoNotExist) { EXPECT_EQ(errno_of(2000), ENOSYS); }

TEST(SeccompProfile, IsTheSameOnEveryMachineButForItsOwnCalls) {
  for (const char* name : {"x86_64", "aarch64", "riscv64", "ppc64le", "s390x"}) {
    const json::Value profile = json::parse(seccomp_profile(name), name);
    EXPECT_EQ(json::string_or(profile, "defaultAction"), "SCMP_ACT_ERRNO") << name;
    EXPECT_TRUE(json::find(profile, "architectures")) << name;
  }
  EXPECT_THAT(seccomp_profile("x86_64"), testing::HasSubstr("\"arch_prctl\""));
  EXPECT_THAT(seccomp_profile("aarch64"), testing::Not(testing::HasSubstr("\"arch_prctl\"")));
  // On s390x the flags are the second argument of clone.
  EXPECT_THAT(seccomp_profile("s390x"), testing::HasSubstr("{\"index\":1,\"value\":2114060288"));
}

}  // namespace
}  // namespace slipway::exec

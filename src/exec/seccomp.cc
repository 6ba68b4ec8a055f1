// The profile as a table: calls that are always allowed, calls that belong to a capability that
// steps have, calls of one architecture, calls with conditions on an argument. Everything else
// fails with EPERM; clone3 fails with ENOSYS, since a filter cannot look into its argument and
// libraries fall back to clone.
#include "exec/seccomp.h"

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "json/json.h"

namespace slipway::exec {
namespace {

constexpr std::string_view kAlways =
    // files and directories
    "access faccessat faccessat2 chdir fchdir getcwd chmod fchmod fchmodat fchmodat2 chown chown32 "
    "fchown fchown32 "
    "fchownat lchown lchown32 close close_range creat open openat openat2 name_to_handle_at dup "
    "dup2 dup3 fcntl "
    "fcntl64 flock fadvise64 fadvise64_64 fallocate ftruncate ftruncate64 truncate truncate64 "
    "getdents getdents64 "
    "link linkat symlink symlinkat readlink readlinkat rename renameat renameat2 unlink unlinkat "
    "mkdir mkdirat rmdir "
    "mknod mknodat umask utime utimes futimesat utimensat utimensat_time64 stat stat64 fstat "
    "fstat64 fstatat64 "
    "newfstatat lstat lstat64 statx statfs statfs64 fstatfs fstatfs64 sync syncfs fsync fdatasync "
    "sync_file_range "
    "getxattr getxattrat lgetxattr fgetxattr setxattr setxattrat lsetxattr fsetxattr listxattr "
    "listxattrat llistxattr "
    "flistxattr removexattr removexattrat lremovexattr fremovexattr inotify_add_watch inotify_init "
    "inotify_init1 "
    "inotify_rm_watch fanotify_mark landlock_add_rule landlock_create_ruleset "
    "landlock_restrict_self cachestat "
    // reading, writing, waiting
    "read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 lseek _llseek "
    "readahead sendfile "
    "sendfile64 copy_file_range splice tee vmsplice pipe pipe2 ioctl poll ppoll ppoll_time64 "
    "select _newselect "
    "pselect6 pselect6_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
    "epoll_pwait2 epoll_wait "
    "epoll_wait_old eventfd eventfd2 signalfd signalfd4 io_setup io_submit io_cancel io_destroy "
    "io_getevents "
    "io_pgetevents io_pgetevents_time64 "
    // sockets
    "accept accept4 bind connect getpeername getsockname getsockopt setsockopt listen recv "
    "recvfrom recvmmsg "
    "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto shutdown socketcall socketpair "
    // memory
    "brk mmap mmap2 mprotect mremap msync munmap madvise mincore mlock mlock2 mlockall munlock "
    "munlockall membarrier "
    "memfd_create memfd_secret mseal map_shadow_stack pkey_alloc pkey_free pkey_mprotect "
    "process_mrelease "
    "remap_file_pages "
    // processes, threads, signals
    "execve execveat exit exit_group fork vfork wait4 waitid waitpid kill tkill tgkill pause "
    "restart_syscall rseq "
    "rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
    "rt_sigtimedwait "
    "rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn pidfd_open "
    "pidfd_send_signal prctl "
    "seccomp futex futex_time64 futex_waitv futex_wait futex_wake futex_requeue get_robust_list "
    "set_robust_list "
    "get_thread_area set_thread_area set_tid_address getpid getppid gettid getpgid getpgrp setpgid "
    "getsid setsid "
    "getcpu getpriority setpriority ioprio_get ioprio_set getrlimit ugetrlimit setrlimit prlimit64 "
    "getrusage times "
    "sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min "
    "sched_getscheduler "
    "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
    "sched_setparam "
    "sched_setscheduler sched_yield ptrace process_vm_readv process_vm_writev "
    // identity
    "capget capset getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid "
    "getresuid32 getresgid "
    "getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 "
    "setregid setregid32 "
    "setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups "
    "setgroups32 "
    // time
    "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 "
    "clock_nanosleep clock_nanosleep_time64 nanosleep time gettimeofday getitimer setitimer "
    "timer_create timer_delete "
    "timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create "
    "timerfd_gettime "
    "timerfd_gettime64 timerfd_settime timerfd_settime64 "
    // System V and POSIX inter-process communication
    "ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl "
    "shmdt shmget "
    "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
    "mq_timedsend_time64 mq_unlink "
    // the machine
    "getrandom sysinfo uname "
    // CAP_SYS_CHROOT is one of the default capabilities
    "chroot";

struct Machine {
  std::string_view name;
  std::vector<std::string_view> architectures;
  std::string_view calls;  // besides kAlways
  unsigned clone_flags_index = 0;
};

const std::vector<Machine>& machines() {
  static const std::vector<Machine> all = {
      {"x86_64", {"X86_64", "X86", "X32"}, "arch_prctl modify_ldt"},
      {"aarch64",
       {"AARCH64", "ARM"},
       "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"},
      {"riscv64", {"RISCV64"}, "riscv_flush_icache riscv_hwprobe"},
      {"ppc64le", {"PPC64LE"}, "sync_file_range2 swapcontext"},
      {"s390x", {"S390X", "S390"}, "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr", 1},
      {"mips64", {"MIPSEL64", "MIPSEL", "MIPSEL64N32"}, ""},
  };
  return all;
}

std::vector<std::string> names(std::string_view calls) {
  std::vector<std::string> list;
  for (auto& name : split(calls, ' '))
    if (!name.empty()) list.push_back(std::move(name));
  return list;
}

using Condition = SeccompRule::Condition;
using Test = Condition::Test;

const char* test_name(Test test) {
  switch (test) {
    case Test::NotEqual:
      return "SCMP_CMP_NE";
    case Test::Equal:
      return "SCMP_CMP_EQ";
    case Test::MaskedEqual:
      return "SCMP_CMP_MASKED_EQ";
  }
  return "";
}

}  // namespace

SeccompRules seccomp_rules(const std::string& machine) {
  constexpr uint64_t kNamespaceFlags =
      0x7E020000;  // the CLONE_NEW* bits: clone without them is allowed
  constexpr uint64_t kVsockFamily =
      40;  // AF_VSOCK reaches the hypervisor, past any network namespace
  SeccompRules out;
  const auto allow = [&](std::string_view calls, std::optional<Condition> condition = {}) {
    out.rules.push_back({names(calls), true, 0, condition});
  };
  allow(kAlways);
  allow("socket", Condition{0, Test::NotEqual, kVsockFamily});
  // PER_LINUX, PER_LINUX32, each also with UNAME26, and the question what it is now.
  for (const uint64_t personality : {0x0u, 0x8u, 0x20000u, 0x20008u, 0xffffffffu})
    allow("personality", Condition{0, Test::Equal, personality});
  unsigned clone_flags = 0;
  for (const auto& known : machines()) {
    if (known.name != machine) continue;
    out.architectures.assign(known.architectures.begin(), known.architectures.end());
    if (!known.calls.empty()) allow(known.calls);
    clone_flags = known.clone_flags_index;
  }
  allow("clone", Condition{clone_flags, Test::MaskedEqual, kNamespaceFlags, 0});
  out.rules.push_back({{"clone3"}, false, ENOSYS, {}});
  return out;
}

std::string seccomp_profile(const std::string& machine) {
  const SeccompRules rules = seccomp_rules(machine);
  json::Value profile = {{"defaultAction", "SCMP_ACT_ERRNO"}, {"defaultErrnoRet", EPERM}};
  for (const auto& name : rules.architectures)
    profile["architectures"].push_back("SCMP_ARCH_" + name);
  for (const auto& rule : rules.rules) {
    json::Value entry = {{"names", rule.calls},
                         {"action", rule.is_allowed ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO"}};
    if (!rule.is_allowed) entry["errnoRet"] = rule.error;
    if (rule.condition)
      entry["args"].push_back({{"index", rule.condition->argument},
                               {"value", rule.condition->value},
                               {"valueTwo", rule.condition->masked},
                               {"op", test_name(rule.condition->test)}});
    profile["syscalls"].push_back(std::move(entry));
  }
  return json::dump(profile);
}

}  // namespace slipway::exec

// The child shares our memory until it executes the runtime (as vfork does), so that starting costs
// the same whatever the size of this process. It makes system calls only, and reports what failed
// through the shared structure.
#include "exec/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <memory>

#include "base/error.h"
#include "exec/meter.h"
#include "exec/mounts.h"

// ThreadSanitizer takes a call of clone for a fork and from then on refuses new threads, in this
// process too since the child shares its memory; it does not see calls under the C library's other
// name for the function.
#if defined(__SANITIZE_THREAD__)
#define SLIPWAY_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLIPWAY_THREAD_SANITIZER 1
#endif
#endif
#ifdef SLIPWAY_THREAD_SANITIZER
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...);
#endif

namespace slipway::exec {
namespace {

template <typename... More>
int clone_process(int (*function)(void*), void* stack, int flags, void* argument, More... more) {
#ifdef SLIPWAY_THREAD_SANITIZER
  return ::__clone(function, stack, flags, argument, more...);
#else
  return ::clone(function, stack, flags, argument, more...);
#endif
}

constexpr size_t kStackSize = 256 * 1024;

/// What the child reads, and where it says what failed.
struct ChildTask {
  const Launch* what = nullptr;
  char* const* argv = nullptr;
  char* const* env = nullptr;
  int alive_pipe = -1;  // its other end is ours: an error condition tells that we died before the
                        // child could be tied to us
  sigset_t signals;     // the mask that the runtime is to have
  bool is_proc_hidden = false;
  const char* failed = nullptr;
  const char* failed_path = "";
  int error = 0;
};

int fail(ChildTask& task, const char* doing, const char* path) {
  task.error = errno;
  task.failed = doing;
  task.failed_path = path;
  return 127;
}

/// Handlers are code of this program: none may run in the child once signals are let through. All
/// zeros is SIG_DFL in every machine's layout of the structure.
void reset_signals() {
  const size_t mask_size = (SIGRTMAX > 64 ? 128 : 64) / 8;
  const unsigned char defaults[64] = {};
  for (int number = 1; number <= SIGRTMAX; ++number)
    ::syscall(SYS_rt_sigaction, number, defaults, nullptr, mask_size);
}

bool redirect(int from, int to) {
  return from == to ? ::fcntl(to, F_SETFD, 0) == 0 : ::syscall(SYS_dup3, from, to, 0) >= 0;
}

/// Descriptors and signals go through bare system calls, since sanitizers take what the library's
/// functions do here for things done to the tables of the parent.
int child_main(void* argument) {
  ChildTask& task = *static_cast<ChildTask*>(argument);
  const Launch& what = *task.what;
  reset_signals();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd parent = {task.alive_pipe, 0, 0};
  const timespec no_time = {0, 0};
  if (::syscall(SYS_ppoll, &parent, 1, &no_time, nullptr, 0) != 0) ::_exit(127);
  // No terminal: keys meant for the program must not reach the step, and the step must not type
  // into the terminal.
  ::setsid();
  for (const int procs : what.cgroups)
    if (::syscall(SYS_write, procs, "0", 1) != 1) return fail(task, "enter", "the step's cgroup");
  // The runtime looks itself up in /proc, which must count processes as its own namespace does.
  if (what.own_proc &&
      ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    task.is_proc_hidden = errno == EPERM;
    return fail(task, "mount", "/proc");
  }
  for (const auto& [mount, target] : what.mounts)
    if ((errno = try_attach_mount(mount, target.c_str())) != 0)
      return fail(task, "mount on", target.c_str());
  if (what.hide_cgroups && ::mount("none", "/sys/fs/cgroup", "tmpfs", MS_RDONLY, nullptr) != 0 &&
      errno != ENOENT)
    return fail(task, "mount on", "/sys/fs/cgroup");
  if (!redirect(what.input, 0) || !redirect(what.output, 1) || !redirect(what.errors, 2))
    return fail(task, "redirect", "the output");
  ::sigprocmask(SIG_SETMASK, &task.signals, nullptr);
  if (what.meter >= 0 && (errno = install_meter(what.meter)) != 0)
    fail(task, "watch", "the step's processes");
  else
    ::syscall(SYS_execveat, what.program, "", task.argv, task.env, AT_EMPTY_PATH);
  if (!task.failed) fail(task, "start", task.argv[0]);
  // Not _exit: that call would wait for the parent, which waits for this child.
  ::syscall(SYS_exit, 127);
  return 127;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

Running::~Running() {
  if (pid_ < 0) return;
  kill();
  rusage usage{};
  wait(usage);
}

void Running::kill() { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0); }

int Running::wait(rusage& usage) {
  int status = 0;
  while (::wait4(pid_, &status, 0, &usage) < 0)
    if (errno != EINTR) break;
  pid_ = -1;
  return status;
}

Running launch(const Launch& what) {
  const std::vector<char*> argv = pointers(what.argv), env = pointers(what.env);
  int alive[2];
  if (::pipe2(alive, O_CLOEXEC) != 0) throw errno_error("create a pipe");
  const os::UniqueFd alive_read(alive[0]), alive_write(alive[1]);
  ChildTask task;
  task.what = &what;
  task.argv = argv.data();
  task.env = env.data();
  task.alive_pipe = alive_write.get();
  const auto stack = std::make_unique_for_overwrite<std::byte[]>(kStackSize);
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  ::sigemptyset(&task.signals);
  int pidfd = -1;
  const pid_t pid = clone_process(
      child_main, stack.get() + kStackSize,
      CLONE_VM | CLONE_VFORK | CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD | SIGCHLD, &task, &pidfd);
  const int clone_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (pid < 0) {
    errno = clone_error;
    throw errno_error("create the namespaces of a step");
  }
  Running running(pid, os::UniqueFd(pidfd));
  if (task.failed) {
    errno = task.error;
    if (task.is_proc_hidden) throw ProcIsHidden("cannot mount /proc");
    throw errno_error(task.failed, task.failed_path);
  }
  return running;
}

}  // namespace slipway::exec

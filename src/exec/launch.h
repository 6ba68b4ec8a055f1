// Starting the OCI runtime so that nothing of a step can outlive it: the runtime is process 1 of a
// pid namespace and alone in a mount namespace. When it dies, for whatever reason, the kernel kills
// every process of the step and takes down every mount; when the program dies, the runtime is
// killed with it.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "os/fd.h"

namespace slipway::exec {

struct Launch {
  int program = -1;  // descriptor of the file to execute
  std::vector<std::string> argv;
  std::vector<std::string> env;
  int input = -1, output = -1, errors = -1;  // become descriptors 0, 1 and 2
  /// Detached mounts and the places where the step's mount namespace has them, in order.
  std::vector<std::pair<int, std::string>> mounts;
  /// Files of the cgroups that the step is to be in; it enters them before anything else.
  std::vector<int> cgroups;
  int meter = -1;  // of install_meter, or -1
  /// A /proc that shows the namespace of the runtime. Without it the runtime sees the processes of
  /// ours.
  bool own_proc = true;
  /// An empty tmpfs over /sys/fs/cgroup: crun 1.8 and later refuse hosts that mix cgroup v1 and v2
  /// even when they are told to leave cgroups alone.
  bool hide_cgroups = false;
};

/// The kernel does not allow a /proc of our own here: an outer container covers parts of it.
class ProcIsHidden : public Error {
  using Error::Error;
};

class Running {
 public:
  Running(pid_t pid, os::UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Running(Running&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
  Running& operator=(Running&&) = delete;
  ~Running();  // kills and waits if nobody waited

  int pidfd() const { return pidfd_.get(); }  // readable once the runtime has ended
  pid_t pid() const { return pid_; }
  /// Ends every process of the step at once.
  void kill();
  /// Waits for the end; afterwards no process and no mount of the step is left. Returns waitpid's
  /// status.
  int wait(rusage& usage);

 private:
  pid_t pid_;
  os::UniqueFd pidfd_;
};

/// Throws ProcIsHidden, and Error naming what could not be set up. Thread-safe; the calling thread
/// must live until the step ends, since the step dies with the thread that started it.
Running launch(const Launch& what);

}  // namespace slipway::exec

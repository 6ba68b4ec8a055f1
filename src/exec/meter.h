// What each program of a step cost. Everything below the runtime stops for a moment when it calls
// exit_group(2): a seccomp filter of our own notifies us (seccomp_unotify(2)), we read from /proc
// which executable it is and how long it ran, and let it go on. That needs no privileges beyond our
// user namespace, sees processes however short they are, and costs some 20 microseconds for each.
//
// Not seen: processes that are killed by a signal. Insecure steps are not watched: a process has
// only one listener above it, and they may want to run containers of their own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "exec/dispatch.h"
#include "exec/run.h"
#include "os/fd.h"

namespace slipway::exec {

/// Runs in the child that becomes the runtime, last before it executes it, and makes system calls
/// only: installs the filter and sends its listener through `socket`. Where the kernel does not let
/// us (an outer sandbox listens already) nothing happens and the step runs unmetered. Returns 0 or
/// the errno of a failure after which the step must not run.
int install_meter(int socket);

class Meter {
 public:
  /// `dispatch` answers for foreign programs; without it they would wait in vain.
  explicit Meter(const Dispatch& dispatch);

  /// The end that the child sends the listener through; -1 where there can be none.
  int child_socket() const { return theirs_.get(); }
  /// Takes the listener, once the child has executed the runtime.
  void take_listener();
  /// Readable when a process waits for its exit; -1 if there is nothing to listen to.
  int fd() const { return listener_.get(); }
  /// Notes the process that waits, and lets it end; or answers the dispatcher. `gone`: nobody is left who could call.
  void on_ready(bool gone);

  /// What emulators have used so far in the pid namespace of `init`, living ones included; seconds.
  double emulated_seconds(pid_t init) const;

  bool has_listened() const { return has_listened_; }
  /// What ended so far, dearest first.
  std::vector<ProgramCost> programs() const;

 private:
  struct Ended {
    uint64_t started = 0;  // tells processes apart that had one pid after the other
    std::string program;
    bool is_emulated = false;
    bool is_twin = false;
    double cpu_seconds = 0;
  };
  using Totals = std::map<std::tuple<std::string, bool, bool>, ProgramCost>;
  static void add(Totals& totals, const Ended& ended);

  const Dispatch& dispatch_;
  os::UniqueFd ours_, theirs_, listener_;
  bool has_listened_ = false;
  std::vector<uint8_t> request_, response_;  // as large as this kernel's structures
  /// A signal can interrupt the call, which is then made again: the last answer of a process counts.
  std::map<pid_t, Ended> last_;
  Totals totals_;
};

}  // namespace slipway::exec

// Writing to a socket or pipe whose reader is gone: an error (EPIPE), not the end of the process.
#pragma once

#include <csignal>
#include <ctime>

namespace slipway::os {

/// Holds SIGPIPE back on this thread and swallows it, so that the process needs no disposition of its own. For libraries
/// that may write to closed sockets, and for our pipes to other programs.
class SigpipeHeld {
 public:
  SigpipeHeld() {
    const sigset_t pipe = only_sigpipe();
    ::pthread_sigmask(SIG_BLOCK, &pipe, &before_);
  }
  ~SigpipeHeld() {
    if (::sigismember(&before_, SIGPIPE)) return;
    sigset_t pending;
    ::sigpending(&pending);
    if (::sigismember(&pending, SIGPIPE)) {
      const sigset_t pipe = only_sigpipe();
      const timespec now{};
      ::sigtimedwait(&pipe, nullptr, &now);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeHeld(const SigpipeHeld&) = delete;
  SigpipeHeld& operator=(const SigpipeHeld&) = delete;

 private:
  static sigset_t only_sigpipe() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGPIPE);
    return set;
  }
  sigset_t before_;
};

}  // namespace slipway::os

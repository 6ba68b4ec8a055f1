// Ctrl-C and SIGTERM while a build runs: the first asks it to stop, the second ends the process at
// once.
#pragma once

#include <stop_token>
#include <thread>

namespace slipway::cli {

/// Handlers are installed for as long as this lives; one at a time. Children start with the default
/// handlers (exec resets them). SIGPIPE is ignored meanwhile, so that a closed connection is an
/// error and not the end of the program. Starts a thread: make it after exec::enter_namespace().
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  /// The signal that came first, 0 if none did.
  static int received();

 private:
  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace slipway::cli

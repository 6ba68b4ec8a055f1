// Waiting for a running step: output to the caller as it comes, an end to everything when somebody
// asks to stop.
#pragma once

#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "exec/launch.h"
#include "exec/meter.h"
#include "os/fd.h"

namespace slipway::exec {

/// Says that somebody asked to stop, as a descriptor that poll sees.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop);
  int fd() const { return event_.get(); }

 private:
  os::UniqueFd event_;
  std::stop_callback<std::function<void()>> callback_;
};

/// How one run of a runtime ended.
struct Attempt {
  int status = 0;  // waitpid's
  rusage usage{};
  bool stopped = false;
  bool was_ended = false;  // by may_go_on
  std::string held_errors;  // stderr from before the step's own program ran: what the runtime said
  bool is_metered = false;
  std::vector<ProgramCost> programs;  // the runtime's processes among them
};

/// Passes output on until the runtime has ended and both pipes are dry. What arrives on stderr
/// before `started_file` exists is the runtime's own and kept back.
class OutputPump {
 public:
  using Sink = std::function<void(std::string_view bytes, bool is_stderr)>;
  OutputPump(const Sink& sink, os::UniqueFd out, os::UniqueFd err, std::string started_file);
  /// `may_go_on` as in RunSpec.
  void ask(const std::function<bool(double)>& may_go_on) { may_go_on_ = may_go_on; }
  Attempt run(Running& running, Meter& meter, const StopEvent& stop);

 private:
  void pass_on(os::UniqueFd& from, bool is_stderr);
  void release_held();
  /// How long poll may wait, in milliseconds; -1 for ever.
  int patience() const;

  const Sink& sink_;
  os::UniqueFd out_, err_;
  std::string started_file_, held_;
  bool has_started_ = false;
  std::function<bool(double)> may_go_on_;
  std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
  std::array<uint8_t, 32 * 1024> buffer_{};
};

}  // namespace slipway::exec

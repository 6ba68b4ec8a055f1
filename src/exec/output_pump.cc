// The loop over pipes, process and stop event.
#include "exec/output_pump.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

constexpr std::chrono::milliseconds kAskEvery{500};

}  // namespace

StopEvent::StopEvent(const std::stop_token& stop)
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, [this] {
        const uint64_t one = 1;
        [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
      }) {}

OutputPump::OutputPump(const Sink& sink, os::UniqueFd out, os::UniqueFd err,
                       std::string started_file)
    : sink_(sink),
      out_(std::move(out)),
      err_(std::move(err)),
      started_file_(std::move(started_file)) {}

Attempt OutputPump::run(Running& running, Meter& meter, const StopEvent& stop) {
  Attempt attempt;
  bool ended = false;
  while (out_ || err_ || !ended) {
    std::array<pollfd, 5> fds = {{{out_.get(), POLLIN, 0},
                                  {err_.get(), POLLIN, 0},
                                  {ended ? -1 : running.pidfd(), POLLIN, 0},
                                  {attempt.stopped ? -1 : stop.fd(), POLLIN, 0},
                                  {meter.fd(), POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), patience()) < 0) {
      if (errno == EINTR) continue;
      throw errno_error("wait for the step");
    }
    if (fds[3].revents) {
      attempt.stopped = true;
      running.kill();
    }
    if (const auto now = std::chrono::steady_clock::now();
        may_go_on_ && !attempt.was_ended && now - asked_ >= kAskEvery) {
      asked_ = now;
      if (!may_go_on_(meter.emulated_seconds(running.pid()))) {
        attempt.was_ended = true;
        running.kill();
      }
    }
    if (fds[4].revents) meter.on_ready(fds[4].revents & POLLHUP);
    if (fds[0].revents) pass_on(out_, false);
    if (fds[1].revents) pass_on(err_, true);
    release_held();
    if (fds[2].revents) {
      attempt.status = running.wait(attempt.usage);
      ended = true;
    }
  }
  attempt.held_errors = std::move(held_);
  attempt.is_metered = meter.has_listened();
  attempt.programs = meter.programs();
  return attempt;
}

int OutputPump::patience() const {
  if (!held_.empty()) return 20;
  return may_go_on_ ? static_cast<int>(kAskEvery.count()) : -1;
}

void OutputPump::pass_on(os::UniqueFd& from, bool is_stderr) {
  const size_t n = os::read_some(from.get(), buffer_);
  if (n == 0) {
    from.reset();
    return;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(buffer_.data()), n);
  if (is_stderr && !has_started_)
    held_.append(bytes);
  else if (sink_)
    sink_(bytes, is_stderr);
}

void OutputPump::release_held() {
  constexpr size_t kMoreThanARuntimeSays = 32 * 1024;
  if (held_.empty()) return;
  has_started_ = has_started_ || held_.size() >= kMoreThanARuntimeSays || os::exists(started_file_);
  if (!has_started_) return;
  if (sink_) sink_(held_, true);
  held_.clear();
}

}  // namespace slipway::exec

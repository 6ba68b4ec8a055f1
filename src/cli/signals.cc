// A handler may do next to nothing, and asking a stop_source to stop runs callbacks. So the handler
// writes a byte into a pipe, and a thread that reads the pipe asks.
#include "cli/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "base/error.h"

namespace slipway::cli {
namespace {

std::atomic<int> first_signal = 0;
std::atomic<int> wake_fd = -1;
int read_fd = -1;
pid_t owner = -1;
struct sigaction old_int, old_term, old_pipe;

void handle(int signal) {
  // A child between clone and exec may share our memory: it must not count for us.
  if (::getpid() != owner) return;
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) {
    // Somebody is in a hurry. What is left behind is swept by the next run.
    [[maybe_unused]] const ssize_t ignored = ::write(2, "\n", 1);
    ::_exit(128 + signal);
  }
  const int saved = errno;
  const char byte = 's';
  [[maybe_unused]] const ssize_t ignored = ::write(wake_fd, &byte, 1);
  errno = saved;
}

void ignore(int) {}

}  // namespace

Signals::Signals() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw errno_error("make a pipe");
  read_fd = ends[0];
  wake_fd = ends[1];
  first_signal = 0;
  owner = ::getpid();
  watcher_ = std::thread([this] {
    char byte = 0;
    ssize_t got = 0;
    while ((got = ::read(read_fd, &byte, 1)) < 0 && errno == EINTR) {
    }
    if (got == 1 && byte == 's') source_.request_stop();
  });
  struct sigaction action{};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &old_int);
  ::sigaction(SIGTERM, &action, &old_term);
  action.sa_handler = ignore;
  ::sigaction(SIGPIPE, &action, &old_pipe);
}

Signals::~Signals() {
  ::sigaction(SIGINT, &old_int, nullptr);
  ::sigaction(SIGTERM, &old_term, nullptr);
  ::sigaction(SIGPIPE, &old_pipe, nullptr);
  const char quit = 'q';
  [[maybe_unused]] const ssize_t ignored = ::write(wake_fd, &quit, 1);
  watcher_.join();
  ::close(read_fd);
  ::close(wake_fd.exchange(-1));
}

int Signals::received() { return first_signal; }

}  // namespace slipway::cli

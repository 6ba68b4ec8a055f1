#include "os/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"
#include "os/sigpipe.h"

namespace slipway::os {
namespace {

struct Pipe {
  UniqueFd read, write;
};

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) throw errno_error("create a pipe");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

bool Finished::ok() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

int Finished::exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

Finished run(const Command& command, std::stop_token stop) {
  CHECK(!command.argv.empty());
  std::string program = command.argv[0];
  if (program.find('/') == program.npos) {
    const auto found = find_program(program);
    if (!found) throw Error("the program " + program + " is not installed");
    program = *found;
  }
  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe(), failure = make_pipe();
  // All memory is prepared before fork: the child of a threaded process may only make system calls.
  const std::vector<char*> argv = pointers(command.argv);
  const std::vector<char*> env = command.env ? pointers(*command.env) : std::vector<char*>{};
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw errno_error("start", program);
  if (child == 0) {
    if (command.own_group) ::setpgid(0, 0);
    if (command.kill_with_parent) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(127);
    }
    ::dup2(in.read.get(), 0);
    ::dup2(out.write.get(), 1);
    ::dup2(err.write.get(), 2);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    if (command.umask) ::umask(*command.umask);
    if (command.cwd.empty() || ::chdir(command.cwd.c_str()) == 0)
      ::execve(program.c_str(), argv.data(), command.env ? env.data() : environ);
    const int saved = errno;
    [[maybe_unused]] const ssize_t n = ::write(failure.write.get(), &saved, sizeof saved);
    ::_exit(127);
  }
  // Whoever of the two comes first: before it is asked to stop, the child is in its group.
  if (command.own_group) ::setpgid(child, child);
  const pid_t whom = command.own_group ? -child : child;
  in.read.reset();
  out.write.reset();
  err.write.reset();
  failure.write.reset();

  Finished result;
  std::string_view input = command.input;
  if (input.empty()) in.write.reset();
  using Clock = std::chrono::steady_clock;
  std::optional<Clock::time_point> term_sent;
  bool killed = false;
  std::array<uint8_t, 16384> buffer{};
  while (out.read || err.read) {
    if (stop.stop_requested() && !term_sent) {
      ::kill(whom, SIGTERM);
      term_sent = Clock::now();
    }
    if (term_sent && !killed && Clock::now() - *term_sent > std::chrono::milliseconds(300)) {
      ::kill(whom, SIGKILL);
      killed = true;
      // Grandchildren may hold the pipes open; what they still write is of no use.
      break;
    }
    pollfd fds[3] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}};
    if (::poll(fds, 3, stop.stop_possible() ? 50 : -1) < 0 && errno != EINTR) throw errno_error("wait for", program);
    const auto drain = [&](pollfd& p, UniqueFd& fd, std::string& into) {
      if (!fd || !(p.revents & (POLLIN | POLLHUP | POLLERR))) return;
      const size_t n = read_some(fd.get(), buffer);
      if (n == 0) fd.reset();
      else into.append(reinterpret_cast<const char*>(buffer.data()), n);
    };
    drain(fds[0], out.read, result.output);
    drain(fds[1], err.read, result.errors);
    if (in.write && (fds[2].revents & (POLLOUT | POLLERR | POLLHUP))) {
      const SigpipeHeld held;  // the program may have ended without reading it all
      const ssize_t n = ::write(in.write.get(), input.data(), std::min<size_t>(input.size(), 4096));
      if (n > 0) input.remove_prefix(static_cast<size_t>(n));
      if (input.empty() || (n < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
  }
  while (::waitpid(child, &result.status, 0) < 0)
    if (errno != EINTR) throw errno_error("wait for", program);
  if (term_sent) throw Cancelled();
  int child_errno = 0;
  if (::read(failure.read.get(), &child_errno, sizeof child_errno) == sizeof child_errno) {
    errno = child_errno;
    throw errno_error("start", program);
  }
  return result;
}

std::optional<std::string> find_program(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string dirs = path ? path : "/usr/local/bin:/usr/bin:/bin";
  dirs += ":/usr/local/sbin:/usr/sbin:/sbin";
  for (const auto& dir : split(dirs, ':')) {
    if (dir.empty()) continue;
    std::string candidate = join_path(dir, program);
    if (::access(candidate.c_str(), X_OK) == 0 && !is_directory(candidate)) return candidate;
  }
  return std::nullopt;
}

}  // namespace slipway::os

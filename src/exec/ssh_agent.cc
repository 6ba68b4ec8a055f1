#include "exec/ssh_agent.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

constexpr size_t kMaxConnections = 64;  // of one step at once; further ones wait

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw Error("the path of the agent's socket is too long", path, "107 bytes are the most that sockets allow");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

os::UniqueFd new_socket() {
  os::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) throw errno_error("create a socket");
  return fd;
}

os::UniqueFd connect_to(const std::string& path) {
  const sockaddr_un address = address_of(path);
  os::UniqueFd fd = new_socket();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

/// A step's end and the agent's end of one connection.
struct Connection {
  os::UniqueFd step, agent;
};

/// Moves what is there to read. False when either side has ended.
bool pass_on(int from, int to) {
  std::array<char, 16384> buffer;
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
  if (got <= 0) return got < 0 && errno == EINTR;
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t n = ::send(to, buffer.data() + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) sent += n;
  }
  return true;
}

}  // namespace

KeyAgent::KeyAgent(const std::string& socket, const std::vector<std::string>& keys) {
  for (const char* program : {"ssh-agent", "ssh-add"})
    if (!os::find_program(program))
      throw Error(fmt::format("--ssh with a key needs {}, which is not installed", program), {},
                  "install OpenSSH's client (apt-get install openssh-client), or name an agent's socket");
  agent_ = std::jthread([socket](std::stop_token stop) {
    try {
      os::run({.argv = {"ssh-agent", "-D", "-a", socket}, .env = {}, .cwd = {}, .input = {}}, stop);
    } catch (const std::exception&) {
      // Stopped; or it did not start, which the wait below reports.
    }
  });
  for (int waited_ms = 0; !connect_to(socket); waited_ms += 10) {
    if (waited_ms > 5000) throw Error("ssh-agent does not answer", socket);
    ::usleep(10'000);
  }
  std::vector<std::string> env = {"SSH_AUTH_SOCK=" + socket, "SSH_ASKPASS_REQUIRE=never"};
  if (const char* path = std::getenv("PATH")) env.push_back(fmt::format("PATH={}", path));
  for (const auto& key : keys) {
    const os::Finished added =
        os::run({.argv = {"ssh-add", "-q", "--", key}, .env = env, .cwd = {}, .input = {}});
    if (!added.ok())
      throw Error(fmt::format("ssh-add does not take the key: {}", trim(added.errors)), key,
                  "a key with a passphrase has to be in an agent: ssh-add it there and pass --ssh default");
  }
}

AgentRelay::AgentRelay(const std::string& socket, std::string agent, mode_t mode, uint32_t uid, uint32_t gid)
    : agent_(std::move(agent)), listener_(new_socket()), stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (!stop_) throw errno_error("create an event");
  const sockaddr_un address = address_of(socket);
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(socket.c_str(), mode) != 0 || ::listen(listener_.get(), 16) != 0)
    throw errno_error("listen on", socket);
  if (::lchown(socket.c_str(), uid, gid) != 0 && errno != EINVAL && errno != EPERM)
    throw errno_error("set the owner of", socket);
  thread_ = std::thread([this] { run(); });
}

AgentRelay::~AgentRelay() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

void AgentRelay::run() {
  std::vector<Connection> open;
  while (true) {
    const bool has_room = open.size() < kMaxConnections;
    std::vector<pollfd> wait = {{stop_.get(), POLLIN, 0},
                                {has_room ? listener_.get() : -1, POLLIN, 0}};
    for (const auto& connection : open) {
      wait.push_back({connection.step.get(), POLLIN, 0});
      wait.push_back({connection.agent.get(), POLLIN, 0});
    }
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    if (wait[0].revents) return;
    for (size_t i = open.size(); i-- > 0;) {
      const int step = open[i].step.get(), agent = open[i].agent.get();
      if ((wait[2 + 2 * i].revents && !pass_on(step, agent)) ||
          (wait[3 + 2 * i].revents && !pass_on(agent, step)))
        open.erase(open.begin() + static_cast<ptrdiff_t>(i));
    }
    if (!wait[1].revents) continue;
    Connection fresh{os::UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)), {}};
    // An agent that is gone closes the step's connection, as it would outside.
    if (fresh.step) fresh.agent = connect_to(agent_);
    if (fresh.agent) open.push_back(std::move(fresh));
  }
}

}  // namespace slipway::exec

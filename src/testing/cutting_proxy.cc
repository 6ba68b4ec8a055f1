// See cutting_proxy.h.
#include "testing/cutting_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "os/fd.h"

namespace slipway::testing {
namespace {

constexpr uint64_t kNever = UINT64_MAX;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

struct CuttingProxy::Impl {
  int target = 0;
  int port = 0;
  os::UniqueFd listener;
  std::atomic<uint64_t> up_limit{kNever}, down_limit{kNever};
  std::atomic<int> cuts{0};
  std::mutex mutex;
  bool stopping = false;
  std::set<int> open;
  std::list<std::thread> relays;
  std::thread accepting;

  /// Moves what is there; false at the end of the connection or at the cut. What is beyond the
  /// limit is not passed on.
  bool relay(int from, int to, uint64_t& moved, std::atomic<uint64_t>& limit) {
    std::array<char, 16384> buffer;
    const ssize_t n = ::recv(from, buffer.data(), buffer.size(), 0);
    if (n <= 0) return false;
    const uint64_t most = limit.load();
    if (moved + static_cast<uint64_t>(n) >= most && limit.exchange(kNever) != kNever) {
      send_all(to, {buffer.data(), static_cast<size_t>(most > moved ? most - moved : 0)});
      ++cuts;
      return false;
    }
    moved += static_cast<uint64_t>(n);
    return send_all(to, {buffer.data(), static_cast<size_t>(n)});
  }

  void serve(int client) {
    os::UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(target);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      uint64_t up = 0, down = 0;
      while (true) {
        std::array<pollfd, 2> fds = {pollfd{client, POLLIN, 0}, pollfd{server.get(), POLLIN, 0}};
        if (::poll(fds.data(), fds.size(), -1) < 0) continue;
        if (fds[0].revents && !relay(client, server.get(), up, up_limit)) break;
        if (fds[1].revents && !relay(server.get(), client, down, down_limit)) break;
      }
    }
    const std::lock_guard lock(mutex);
    open.erase(client);
    ::close(client);
  }

  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
      if (fd < 0) return;
      const std::lock_guard lock(mutex);
      if (stopping) {
        ::close(fd);
        return;
      }
      open.insert(fd);
      relays.emplace_back([this, fd] { serve(fd); });
    }
  }
};

CuttingProxy::CuttingProxy(int port) : impl_(std::make_unique<Impl>()) {
  impl_->target = port;
  impl_->listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(impl_->listener.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(impl_->listener.get(), 64) != 0)
    throw errno_error("listen on loopback");
  ::getsockname(impl_->listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
  impl_->port = ntohs(address.sin_port);
  impl_->accepting = std::thread([this] { impl_->accept_all(); });
}

CuttingProxy::~CuttingProxy() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    ::shutdown(impl_->listener.get(), SHUT_RDWR);
    for (const int fd : impl_->open) ::shutdown(fd, SHUT_RDWR);
  }
  impl_->accepting.join();
  for (auto& thread : impl_->relays) thread.join();
}

std::string CuttingProxy::host() const { return "127.0.0.1:" + std::to_string(impl_->port); }
void CuttingProxy::cut_upload_after(uint64_t bytes) { impl_->up_limit = bytes; }
void CuttingProxy::cut_download_after(uint64_t bytes) { impl_->down_limit = bytes; }
int CuttingProxy::cuts() const { return impl_->cuts; }

}  // namespace slipway::testing

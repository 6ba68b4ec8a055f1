// Sockets and HTTP/1.1 framing of the test server; see http_server.h.
#include "testing/http_server.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "os/fd.h"

namespace slipway::testing {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto value =
        text[i] == '%' && i + 2 < text.size() ? parse_u64(text.substr(i + 1, 2), 16) : std::nullopt;
    out += value ? static_cast<char>(*value) : text[i];
    if (value) i += 2;
  }
  return out;
}

/// One accepted connection with what was read from it and not used yet.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  bool fill() {
    std::array<char, 65536> buffer;
    ssize_t n = 0;
    do n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0) return false;
    pending_.append(buffer.data(), static_cast<size_t>(n));
    return true;
  }

  std::optional<std::string> line() {
    size_t end = 0;
    while ((end = pending_.find("\r\n")) == pending_.npos) {
      if (pending_.starts_with('\x16')) return std::nullopt;  // a TLS handshake: not our language
      if (!fill()) return std::nullopt;
    }
    std::string out = pending_.substr(0, end);
    pending_.erase(0, end + 2);
    return out;
  }

  std::string bytes(size_t most) {
    if (pending_.empty() && !fill()) return {};
    std::string out = pending_.substr(0, most);
    pending_.erase(0, out.size());
    return out;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// A reset instead of an orderly end.
  void drop() {
    const linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::shutdown(fd_, SHUT_RDWR);
  }

  /// Until the peer closes or the server shuts the socket down.
  void wait_for_end() {
    std::array<char, 4096> buffer;
    while (::recv(fd_, buffer.data(), buffer.size(), 0) > 0) {
    }
  }

 private:
  int fd_;
  std::string pending_;
};

class SocketExchange : public Exchange {
 public:
  explicit SocketExchange(Connection& connection) : connection_(connection) {}

  /// False when the connection ended or sent nonsense.
  bool receive() {
    const auto start = connection_.line();
    if (!start) return false;
    const auto words = split(*start, ' ');
    if (words.size() != 3) return false;
    request_.method = words[0];
    request_.target = words[1];
    const size_t question = request_.target.find('?');
    request_.path = decoded(std::string_view(request_.target).substr(0, question));
    if (question != std::string::npos)
      for (const auto& pair : split(request_.target.substr(question + 1), '&')) {
        const size_t equals = pair.find('=');
        request_.query.emplace(decoded(pair.substr(0, equals)),
                               equals == pair.npos ? "" : decoded(pair.substr(equals + 1)));
      }
    while (true) {
      const auto line = connection_.line();
      if (!line) return false;
      if (line->empty()) break;
      const size_t colon = line->find(':');
      if (colon != line->npos)
        request_.headers[to_lower(line->substr(0, colon))] = trim(line->substr(colon + 1));
    }
    chunked_ = to_lower(request_.header("transfer-encoding")) == "chunked";
    left_ = parse_u64(request_.header("content-length")).value_or(0);
    if (request_.header("connection") == "close") keep_ = false;
    return true;
  }

  bool keep_alive() const { return keep_; }

  const ServerRequest& request() const override { return request_; }

  std::string read(size_t most) override {
    if (chunked_ && left_ == 0 && !next_chunk()) return {};
    if (left_ == 0) return {};
    std::string out = connection_.bytes(std::min<size_t>(most, left_));
    left_ -= out.size();
    if (out.empty()) {
      left_ = 0;
      chunked_ = keep_ = false;
      broken_ = true;
    } else if (chunked_ && left_ == 0) {
      connection_.line();
    }
    return out;
  }

  bool body_complete() const override { return left_ == 0 && !chunked_ && !broken_; }

  void reply(int status, const Fields& fields, std::string_view body) override {
    while (!read(65536).empty()) {
    }
    Fields all = fields;
    const bool has_length = std::any_of(all.begin(), all.end(), [](const auto& field) {
      return to_lower(field.first) == "content-length";
    });
    if (!has_length && status != 204 && status != 304)
      all.emplace_back("Content-Length", fmt::format("{}", body.size()));
    write_head(status, all);
    if (request_.method != "HEAD" && !connection_.send(body)) keep_ = false;
  }

  void send_head(int status, const Fields& fields) override {
    keep_ = false;
    write_head(status, fields);
  }
  void send(std::string_view bytes) override { connection_.send(bytes); }
  void drop() override {
    keep_ = false;
    connection_.drop();
  }
  void hang() override {
    keep_ = false;
    connection_.wait_for_end();
  }

 private:
  void write_head(int status, const Fields& fields) {
    std::string head = fmt::format("HTTP/1.1 {} Status\r\n", status);
    for (const auto& [name, value] : fields) head += fmt::format("{}: {}\r\n", name, value);
    if (!connection_.send(head + "\r\n")) keep_ = false;
  }

  bool next_chunk() {
    const auto line = connection_.line();
    const auto size = line ? parse_u64(trim(*line), 16) : std::nullopt;
    if (size && *size > 0) {
      left_ = *size;
      return true;
    }
    if (!size) {
      keep_ = false;
      broken_ = true;
    }
    if (size) connection_.line();
    chunked_ = false;
    return false;
  }

  Connection& connection_;
  ServerRequest request_;
  bool chunked_ = false;
  bool broken_ = false;  // the connection ended in the middle of the body
  bool keep_ = true;
  uint64_t left_ = 0;
};

}  // namespace

std::string ServerRequest::header(std::string_view lower_case_name) const {
  const auto found = headers.find(std::string(lower_case_name));
  return found == headers.end() ? "" : found->second;
}

std::string Exchange::read_body() {
  std::string out;
  while (true) {
    const std::string piece = read(65536);
    if (piece.empty()) return out;
    out += piece;
  }
}

struct HttpServer::Impl {
  Handler handler;
  os::UniqueFd listener;
  int port = 0;
  std::atomic<int> accepted{0};
  std::mutex mutex;
  bool stopping = false;
  std::set<int> open;  // sockets of live connections
  std::list<std::thread> serving;
  std::thread accepting;

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
      ++accepted;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      open.insert(fd);
      serving.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    Connection connection(fd);
    while (true) {
      SocketExchange exchange(connection);
      if (!exchange.receive()) break;
      handler(exchange);
      if (!exchange.keep_alive()) break;
    }
    const std::lock_guard lock(mutex);
    open.erase(fd);
    ::close(fd);
  }

  void start() {
    if (::listen(listener.get(), 64) != 0) throw errno_error("listen on loopback");
    accepting = std::thread([this] { accept_all(); });
  }
};

HttpServer::HttpServer(Handler handler) : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  impl_->listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(impl_->listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw errno_error("bind a port of 127.0.0.1");
  socklen_t length = sizeof address;
  ::getsockname(impl_->listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
  impl_->port = ntohs(address.sin_port);
  impl_->start();
}

HttpServer::HttpServer(Handler handler, const std::string& unix_path)
    : impl_(std::make_unique<Impl>()) {
  impl_->handler = std::move(handler);
  impl_->listener.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(unix_path.size() < sizeof address.sun_path);
  unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(impl_->listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw errno_error("bind", unix_path);
  impl_->start();
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::stop() {
  std::list<std::thread> serving;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return;
    impl_->stopping = true;
    ::shutdown(impl_->listener.get(), SHUT_RDWR);
    for (const int fd : impl_->open) ::shutdown(fd, SHUT_RDWR);
    serving = std::move(impl_->serving);
  }
  impl_->accepting.join();
  for (auto& thread : serving) thread.join();
  impl_->listener.reset();
}

int HttpServer::port() const { return impl_->port; }
std::string HttpServer::host() const { return fmt::format("127.0.0.1:{}", impl_->port); }
std::string HttpServer::url() const { return "http://" + host(); }
int HttpServer::connections() const { return impl_->accepted; }

}  // namespace slipway::testing

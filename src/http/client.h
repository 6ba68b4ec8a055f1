// HTTP requests over pooled keep-alive connections: the one adapter of libcurl. registry/ and
// source/ build on it.
//
// One exchange is one blocking call on the caller's thread; bodies stream both ways through
// callbacks on that thread. Any number of threads may use one Pool. Nothing is initialised before
// the first request, so a command that needs no network pays nothing. HTTP/1.1 only: every transfer
// has a connection of its own, which keeps memory flat.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace slipway::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, compared without case; nullopt if there is none.
std::optional<std::string> find_header(const Headers& headers, std::string_view name);

/// How a TLS server is checked and how we show who we are. The system's certificates
/// ($SSL_CERT_FILE if set) are trusted besides `ca_pem`.
struct Tls {
  bool verify = true;
  std::string ca_pem;       // further trusted certificates, PEM text
  std::string client_cert;  // path of a PEM file, or empty
  std::string client_key;   // path of a PEM file, or empty
  bool operator==(const Tls&) const = default;
};

/// A request body. `read` fills up to the whole span and returns 0 at the end. It may throw to
/// abort the request.
struct Body {
  std::optional<uint64_t> size;  // sent with chunked encoding if absent
  std::function<size_t(std::span<uint8_t>)> read;
  /// Starts again from the first byte, for a redirect that keeps the method; empty if that is
  /// impossible.
  std::function<void()> rewind;
  /// Sending it twice does no harm: if an idle connection turns out to be closed, the request is
  /// repeated on a new one. Otherwise that is a Failure, and the caller finds out how much arrived.
  bool repeatable = false;
};

/// The whole body in memory; `bytes` must outlive the request.
Body body_of(std::string_view bytes);

struct Response {
  int status = 0;
  Headers headers;
  std::string url;   // of the last hop
  std::string body;  // what did not go to Request::sink
};

struct Request {
  std::string method = "GET";
  std::string url;  // http:// or https://
  Headers headers;
  std::optional<Body> body;
  Tls tls;
  std::string unix_socket;  // path of a socket to connect to instead of the URL's host, or empty

  /// Called once when the headers of a final 2xx answer are there, before its first body byte.
  std::function<void(const Response&)> on_success;
  /// Takes the body of a 2xx answer. Other bodies, and all without a sink, are kept in
  /// Response::body.
  std::function<void(std::span<const uint8_t>)> sink;
  uint64_t max_body =
      16u
      << 20;  // bytes kept in Response::body; a longer 2xx body is a failure, an error text is cut

  /// 301, 302, 303, 307 and 308 are followed. Authorization, Cookie and the client certificate stay
  /// behind when scheme, host or port change.
  int max_redirects = 10;
  bool may_leave_https =
      false;  // follow a redirect to plain http: for bodies that are verified by digest afterwards
  int connect_timeout_seconds = 10;
  int stall_timeout_seconds = 30;  // without a byte in either direction
  /// The same, once the whole body is sent and the server works on it; 0: stall_timeout_seconds.
  int answer_timeout_seconds = 0;
  std::stop_token stop;
};

/// Why no answer came. Answers of any status are not failures.
struct Failure {
  enum class Kind {
    Unresolved,  // the host name is not known
    Refused,     // nobody listens, no route, or the connection timed out
    Tls,         // the peer does not speak TLS or its certificate is not trusted
    Stalled,     // no byte for stall_timeout_seconds
    Dropped,     // the connection ended before the answer did
    Protocol,    // not HTTP, too large, redirect refused, bad URL
  };
  Kind kind = Kind::Protocol;
  std::string message;  // "connection refused", without the host
  std::string where;    // "host:port" that was talked to
};

/// Failure as an Error "cannot reach HOST:PORT: ...", for callers that do not retry.
Error to_error(const Failure& failure);

class Pool {
 public:
  Pool();
  ~Pool();
  /// The one pool of the process.
  static Pool& shared();

  /// Throws Cancelled when `request.stop` is asked for (within milliseconds, whatever the peer
  /// does), and whatever the request's callbacks throw.
  std::expected<Response, Failure> perform(const Request& request);

  /// Connections opened so far, for tests and reports of keep-alive.
  uint64_t connections_opened() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::http

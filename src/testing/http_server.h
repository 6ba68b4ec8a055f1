// A small HTTP/1.1 server on loopback for tests: plain POSIX sockets, one thread per connection,
// keep-alive. The handler sees each request before its body is read, so that tests can misbehave at
// any byte.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::testing {

struct ServerRequest {
  std::string method;
  std::string target;                          // as sent: "/v2/app/blobs/uploads/?mount=..."
  std::string path;                            // target without query
  std::map<std::string, std::string> query;    // decoded; a repeated key keeps its first value
  std::map<std::string, std::string> headers;  // names in lower case

  std::string header(std::string_view lower_case_name) const;
};

/// One request being answered. Every method belongs to the handler's thread.
class Exchange {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  virtual ~Exchange() = default;
  virtual const ServerRequest& request() const = 0;

  /// Up to `most` further body bytes (of a length or chunked); empty at the end or when the client
  /// went away.
  virtual std::string read(size_t most) = 0;
  std::string read_body();  // all that is left
  /// The body was read to its proper end: its whole length, or its last chunk.
  virtual bool body_complete() const = 0;

  /// A whole answer with Content-Length; the rest of the request's body is read first. For HEAD
  /// only the head is sent.
  virtual void reply(int status, const Fields& fields = {}, std::string_view body = {}) = 0;

  /// Pieces, for answers that go wrong. The head gets exactly `fields`; the connection closes after
  /// the handler.
  virtual void send_head(int status, const Fields& fields) = 0;
  virtual void send(std::string_view bytes) = 0;
  /// Closes at once, without an orderly end.
  virtual void drop() = 0;
  /// Says nothing more until the client goes away or the server stops.
  virtual void hang() = 0;
};

class HttpServer {
 public:
  using Handler = std::function<void(Exchange&)>;

  /// Listens on a free port of 127.0.0.1. `handler` is called from several threads.
  explicit HttpServer(Handler handler);
  /// Listens on a Unix socket at `path`.
  HttpServer(Handler handler, const std::string& unix_path);
  ~HttpServer();

  int port() const;
  std::string host() const;  // "127.0.0.1:PORT"
  std::string url() const;   // "http://127.0.0.1:PORT"
  int connections() const;   // accepted so far
  /// Stops listening and ends every connection; nothing answers on the port afterwards.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::testing

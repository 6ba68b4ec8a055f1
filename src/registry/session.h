// One exchange with a registry, whatever that takes: choosing https or http, logging in, trying
// again. What was learned about a host (scheme, kind of login, tokens) is kept, so that later
// exchanges are one round trip each.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/url.h"
#include "registry/client.h"
#include "registry/retry.h"
#include "registry/settings.h"

namespace slipway::registry {

/// What to ask of an endpoint. Everything is a value or a factory, so that it can be asked again.
struct Call {
  std::string method = "GET";
  std::string path;  // behind /v2/REPOSITORY/: "manifests/latest"; or a whole URL, as an upload's
                     // Location is
  http::Headers headers;
  std::function<http::Body()> body;  // made anew for each attempt
  std::function<void(const http::Response&)> on_success;
  std::function<void(std::span<const uint8_t>)> sink;
  std::string action = "pull";  // of the token: "pull" or "pull,push"
  std::vector<std::string> pull_also =
      {};  // further repositories the token must be able to pull from
  int max_redirects = 10;
  bool verified_by_digest = false;  // redirects may lead to plain http
  int answer_timeout_seconds = 0;   // see http::Request
};

class Session {
 public:
  explicit Session(const ClientOptions& options);
  ~Session();

  const Settings& settings();
  const ClientOptions& options() const;
  Retry new_retry(const Endpoint& endpoint, std::stop_token stop) const;

  /// One attempt, logging in as needed. Throws Error when the registry does not allow it (401, 403)
  /// or the login cannot be made; every other status is the caller's to judge.
  std::expected<http::Response, http::Failure> attempt(const Endpoint& endpoint, const Call& call,
                                                       std::stop_token stop);
  /// Attempts until an answer has no temporary status. Throws Error when attempts are used up.
  http::Response ask(const Endpoint& endpoint, const Call& call, std::stop_token stop);

  /// The absolute URL of a Location header that `endpoint` sent with `response`. Throws Error if
  /// there is none.
  std::string location_of(const Endpoint& endpoint, const http::Response& response);

  /// A mirror that did not answer is not asked again by this process.
  bool is_down(const Endpoint& endpoint);
  void mark_down(const Endpoint& endpoint);

 private:
  struct Host;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::registry

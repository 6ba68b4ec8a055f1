// See session.h.
#include "registry/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "base/error.h"
#include "registry/answer.h"
#include "registry/credentials.h"
#include "registry/login.h"

namespace slipway::registry {

/// What is known of one server. `mutex` guards all but `login`, which locks for itself.
struct Session::Host {
  Host(Credentials& credentials, const Settings& settings) : login(credentials, settings) {}
  std::mutex mutex;
  std::string scheme;  // empty until an answer came
  std::optional<http::Tls> tls;
  bool down = false;
  Login login;
};

struct Session::Impl {
  ClientOptions options;
  std::once_flag settings_read;
  std::unique_ptr<Settings> settings;
  std::unique_ptr<Credentials> credentials;
  std::mutex mutex;
  std::map<std::string, std::unique_ptr<Host>> hosts;

  Settings& ready_settings() {
    std::call_once(settings_read, [&] { settings = std::make_unique<Settings>(options); });
    return *settings;
  }

  Host& host_of(const Endpoint& endpoint) {
    Settings& ready = ready_settings();
    const std::lock_guard lock(mutex);
    auto& host = hosts[endpoint.scheme + "|" + endpoint.host];
    if (!host) host = std::make_unique<Host>(*credentials, ready);
    return *host;
  }

  http::Tls tls_of(Host& host, const Endpoint& endpoint) {
    const std::lock_guard lock(host.mutex);
    if (!host.tls) host.tls = ready_settings().tls_for(endpoint.host, endpoint.insecure);
    return *host.tls;
  }

  /// The schemes to try, in order. docker tries https first everywhere; on loopback plain http is
  /// so much likelier that it goes first here, which saves a failed handshake. No login is sent
  /// before the scheme is known.
  std::vector<std::string> schemes(Host& host, const Endpoint& endpoint) {
    if (!endpoint.scheme.empty()) return {endpoint.scheme};
    {
      const std::lock_guard lock(host.mutex);
      if (!host.scheme.empty()) return {host.scheme};
    }
    if (!endpoint.insecure) return {"https"};
    if (http::is_loopback(endpoint.host) && !ready_settings().has_certificates(endpoint.host))
      return {"http", "https"};
    return {"https", "http"};
  }

  std::expected<http::Response, http::Failure> send(Host& host, const Endpoint& endpoint,
                                                    const Call& call,
                                                    const std::string& authorization,
                                                    std::stop_token stop);
  std::expected<http::Response, http::Failure> send_by(const std::string& scheme, Host& host,
                                                       const Endpoint& endpoint, const Call& call,
                                                       const std::string& authorization,
                                                       std::stop_token stop);
};

namespace {

/// Whether a server said, as they all do with 400, that plain http is wrong on its port.
bool wants_https(const http::Response& response) {
  return response.status == 400 &&
         (response.headers.empty() || response.body.find("HTTPS") != std::string::npos);
}

}  // namespace

std::expected<http::Response, http::Failure> Session::Impl::send_by(
    const std::string& scheme, Host& host, const Endpoint& endpoint, const Call& call,
    const std::string& authorization, std::stop_token stop) {
  const std::string base =
      fmt::format("{}://{}/v2/{}/", scheme, endpoint.api_host(), endpoint.repository);
  const bool absolute = call.path.find("://") != std::string::npos;
  http::Request request{.method = call.method,
                        .url = absolute ? call.path : base + call.path,
                        .headers = call.headers};
  const auto own = http::parse_url(base), asked = http::parse_url(request.url);
  if (!own || !asked)
    return std::unexpected(
        http::Failure{.message = "bad address " + request.url, .where = endpoint.host});
  // An upload may be sent to another server, which gets neither our login nor our client
  // certificate.
  const bool same = own->same_origin(*asked);
  if (same && !authorization.empty()) request.headers.emplace_back("Authorization", authorization);
  if (call.body) request.body = call.body();
  if (asked->scheme == "https")
    request.tls =
        same ? tls_of(host, endpoint) : ready_settings().tls_for(asked->host, endpoint.insecure);
  request.on_success = call.on_success;
  request.sink = call.sink;
  request.max_redirects = call.max_redirects;
  request.may_leave_https = call.verified_by_digest;
  request.answer_timeout_seconds = call.answer_timeout_seconds;
  request.stop = stop;
  return http::Pool::shared().perform(request);
}

std::expected<http::Response, http::Failure> Session::Impl::send(Host& host,
                                                                 const Endpoint& endpoint,
                                                                 const Call& call,
                                                                 const std::string& authorization,
                                                                 std::stop_token stop) {
  const std::vector<std::string> candidates = schemes(host, endpoint);
  if (candidates.size() == 1)
    return send_by(candidates[0], host, endpoint, call, authorization, stop);

  auto first = send_by(candidates[0], host, endpoint, call, authorization, stop);
  const auto accept = [&](const std::string& scheme) {
    const std::lock_guard lock(host.mutex);
    host.scheme = scheme;
  };
  const bool plain_first = candidates[0] == "http";
  if (first && !(plain_first && first->status == 400)) {
    accept(candidates[0]);
    return first;
  }
  if (!first && first.error().kind == http::Failure::Kind::Unresolved) return first;
  auto second = send_by(candidates[1], host, endpoint, call, authorization, stop);
  if (second && !(!plain_first && second->status == 400)) {
    accept(candidates[1]);
    return second;
  }
  // Neither is right. What https said is the better story where the server is known to speak it.
  const auto& plain = plain_first ? first : second;
  const auto& secure = plain_first ? second : first;
  if (plain && !wants_https(*plain)) {
    accept("http");
    return plain;
  }
  return !plain && plain_first ? first : secure;
}

Session::Session(const ClientOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  impl_->credentials = std::make_unique<Credentials>(options);
}

Session::~Session() = default;

const Settings& Session::settings() { return impl_->ready_settings(); }

const ClientOptions& Session::options() const { return impl_->options; }

Retry Session::new_retry(const Endpoint& endpoint, std::stop_token stop) const {
  // A mirror that refuses connections is left at once for the next one.
  return {impl_->options.max_attempts, endpoint.is_mirror ? 1 : 3, impl_->options.backoff_ms,
          std::move(stop)};
}

std::expected<http::Response, http::Failure> Session::attempt(const Endpoint& endpoint,
                                                              const Call& call,
                                                              std::stop_token stop) {
  Host& host = impl_->host_of(endpoint);
  const Access access{call.action, call.pull_also};
  std::string authorization =
      host.login.authorization(endpoint, access, new_retry(endpoint, stop), stop);
  for (int round = 0;; ++round) {
    auto result = impl_->send(host, endpoint, call, authorization, stop);
    if (!result || (result->status != 401 && result->status != 403)) return result;
    if (result->status == 403 || round == 1) {
      const auto login = host.login.credential(endpoint, stop);
      throw not_allowed_error(endpoint, call.action, login ? &*login : nullptr,
                              message_of(*result));
    }
    authorization =
        host.login.meet(endpoint, access, *result, authorization, new_retry(endpoint, stop), stop);
  }
}

http::Response Session::ask(const Endpoint& endpoint, const Call& call, std::stop_token stop) {
  Retry retry = new_retry(endpoint, stop);
  while (true) {
    auto result = attempt(endpoint, call, stop);
    if (result) {
      if (!is_temporary(result->status)) return std::move(*result);
      if (!retry.after(*result)) throw answer_error(endpoint, *result);
    } else if (!retry.after(result.error())) {
      using Kind = http::Failure::Kind;
      const Kind kind = result.error().kind;
      if (kind == Kind::Refused || kind == Kind::Unresolved || kind == Kind::Stalled)
        mark_down(endpoint);
      throw failure_error(endpoint, result.error());
    }
  }
}

std::string Session::location_of(const Endpoint& endpoint, const http::Response& response) {
  const auto header = http::find_header(response.headers, "Location");
  const auto base = http::parse_url(response.url);
  auto url = header && base ? http::resolve_url(*base, *header) : std::nullopt;
  if (!url)
    throw Error(fmt::format("the registry {} did not say where to upload to", endpoint.host),
                response.url, "the registry or a proxy in front of it is not set up rightly");
  // A registry behind a proxy that ends TLS often names itself by http: what we reached it by is
  // right.
  if (url->host == base->host && base->scheme == "https" && url->scheme == "http") {
    url->scheme = base->scheme;
    url->port = base->port;
  }
  return url->str();
}

bool Session::is_down(const Endpoint& endpoint) {
  Host& host = impl_->host_of(endpoint);
  const std::lock_guard lock(host.mutex);
  return host.down;
}

void Session::mark_down(const Endpoint& endpoint) {
  Host& host = impl_->host_of(endpoint);
  const std::lock_guard lock(host.mutex);
  host.down = endpoint.is_mirror;
}

}  // namespace slipway::registry

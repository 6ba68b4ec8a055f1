// See login.h.
#include "registry/login.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "http/url.h"
#include "json/json.h"
#include "registry/answer.h"

namespace slipway::registry {
namespace {

constexpr int64_t kShortestLifeSeconds =
    60;  // what a token without expires_in lasts, by the token specification
constexpr std::string_view kClientId = "slipway";

std::vector<std::string> scopes_of(const Endpoint& endpoint, const Access& access) {
  std::vector<std::string> out = {
      fmt::format("repository:{}:{}", endpoint.repository, access.action)};
  for (const auto& repository : access.pull_also)
    out.push_back(fmt::format("repository:{}:pull", repository));
  return out;
}

std::string basic_value(const Credential& login) {
  return "Basic " + base64_encode(login.username + ":" + login.secret);
}

std::string param(const Challenge& challenge, const std::string& name) {
  const auto found = challenge.params.find(name);
  return found == challenge.params.end() ? "" : found->second;
}

/// The request to the token server: GET with a password or nobody's, POST with a refresh token.
http::Request token_request(const Challenge& challenge, const std::vector<std::string>& scopes,
                            const std::optional<Credential>& login, std::string& form) {
  http::Request request{.url = param(challenge, "realm")};
  const std::string service = param(challenge, "service");
  if (login && !login->identity_token.empty()) {
    form = fmt::format("grant_type=refresh_token&service={}&client_id={}&scope={}&refresh_token={}",
                       http::percent_encode(service), kClientId,
                       http::percent_encode(join(scopes, " ")),
                       http::percent_encode(login->identity_token));
    request.method = "POST";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = http::body_of(form);
    return request;
  }
  if (!service.empty()) request.url = http::with_query(request.url, "service", service);
  for (const auto& scope : scopes) request.url = http::with_query(request.url, "scope", scope);
  if (login) {
    request.url = http::with_query(request.url, "account", login->username);
    request.headers = {{"Authorization", basic_value(*login)}};
  }
  return request;
}

}  // namespace

std::string Login::authorization(const Endpoint& endpoint, const Access& access, Retry retry,
                                 std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  return challenge_ ? value_locked(endpoint, access, {}, std::move(retry), stop) : std::string();
}

std::string Login::meet(const Endpoint& endpoint, const Access& access,
                        const http::Response& unauthorized, const std::string& refused, Retry retry,
                        std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  const auto challenge = choose_challenge(unauthorized.headers);
  if (!challenge) {
    const auto login = credential_locked(endpoint, stop);
    throw not_allowed_error(endpoint, access.action, login ? &*login : nullptr,
                            message_of(unauthorized));
  }
  challenge_ = challenge;
  std::string value = value_locked(endpoint, access, refused, std::move(retry), stop);
  if (value.empty() || value == refused) {
    const auto login = credential_locked(endpoint, stop);
    throw not_allowed_error(endpoint, access.action, login ? &*login : nullptr,
                            message_of(unauthorized));
  }
  return value;
}

std::optional<Credential> Login::credential(const Endpoint& endpoint, std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  return credential_locked(endpoint, stop);
}

std::optional<Credential> Login::credential_locked(const Endpoint& endpoint, std::stop_token stop) {
  const auto known = known_.find(endpoint.repository);
  if (known != known_.end()) return known->second;
  auto found = credentials_.find(endpoint.host, endpoint.repository, stop);
  known_.emplace(endpoint.repository, found);
  return found;
}

std::string Login::value_locked(const Endpoint& endpoint, const Access& access,
                                const std::string& refused, Retry retry, std::stop_token stop) {
  const auto login = credential_locked(endpoint, stop);
  if (login && !login->registry_token.empty()) return "Bearer " + login->registry_token;
  if (challenge_->scheme == "basic") {
    return login && !login->username.empty() ? basic_value(*login) : std::string();
  }
  const std::string key = join(scopes_of(endpoint, access), " ");
  const auto cached = tokens_.find(key);
  if (cached != tokens_.end() && cached->second.good_until > std::chrono::steady_clock::now()) {
    const std::string value = "Bearer " + cached->second.value;
    if (value != refused) return value;
  }
  Token token = fetch_token(endpoint, access, std::move(retry), stop);
  const std::string value = "Bearer " + token.value;
  tokens_.insert_or_assign(key, std::move(token));
  return value;
}

Login::Token Login::fetch_token(const Endpoint& endpoint, const Access& access, Retry retry,
                                std::stop_token stop) {
  const std::string realm_text = param(*challenge_, "realm");
  const auto realm = http::parse_url(realm_text);
  if (!realm)
    throw Error(fmt::format("the registry {} names \"{}\" as its token server, which is not a URL",
                            endpoint.host, realm_text.substr(0, 200)));
  const auto login = credential_locked(endpoint, stop);
  const std::string realm_host =
      realm->port == 443 || realm->port == 80 ? realm->host : realm->host_port();
  const bool insecure =
      settings_.is_insecure(realm_host) || (endpoint.insecure && realm_host == endpoint.host);
  if (login && realm->scheme == "http" && !insecure)
    throw Error(fmt::format("the registry {} wants the password sent to {} without TLS",
                            endpoint.host, realm_host),
                {},
                fmt::format("if that is meant, make {} insecure in registries.conf or daemon.json",
                            realm_host));

  Endpoint server = endpoint;  // for messages
  if (realm_host != endpoint.api_host()) server.host = realm_host;
  while (true) {
    std::string form;
    http::Request request = token_request(*challenge_, scopes_of(endpoint, access), login, form);
    if (realm->scheme == "https") request.tls = settings_.tls_for(realm_host, insecure);
    request.stop = stop;
    const auto response = http::Pool::shared().perform(request);
    if (!response) {
      if (retry.after(response.error())) continue;
      throw failure_error(server, response.error());
    }
    if (is_temporary(response->status) && retry.after(*response)) continue;
    if (response->status == 400 || response->status == 401 || response->status == 403)
      throw not_allowed_error(endpoint, access.action, login ? &*login : nullptr,
                              message_of(*response));
    if (response->status != 200) throw answer_error(server, *response);
    const json::Value answer = json::parse(response->body, response->url);
    Token token{.value = json::string_or(answer, "token"), .good_until = {}};
    if (token.value.empty()) token.value = json::string_or(answer, "access_token");
    if (token.value.empty() || token.value.find_first_of("\r\n") != token.value.npos)
      throw Error("the token server answered without a token", response->url);
    const int64_t life =
        std::max(json::int_or_none(answer, "expires_in").value_or(0), kShortestLifeSeconds);
    token.good_until = std::chrono::steady_clock::now() +
                       std::chrono::seconds(std::min<int64_t>(life, 86400) * 9 / 10);
    return token;
  }
}

}  // namespace slipway::registry

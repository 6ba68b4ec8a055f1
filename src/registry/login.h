// What one registry host wants to see in Authorization, and how we get it: nothing, a password
// (Basic), or a token of its token server (Bearer; distribution's token authentication, with OAuth2
// refresh tokens).
//
// Kept per host and shared by all threads: what a host asks for is learned once, a token is fetched
// once per scope.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/retry.h"
#include "registry/settings.h"

namespace slipway::registry {

/// What a token must allow.
struct Access {
  std::string action;                  // "pull" or "pull,push"
  std::vector<std::string> pull_also;  // further repositories
};

class Login {
 public:
  Login(Credentials& credentials, const Settings& settings)
      : credentials_(credentials), settings_(settings) {}

  /// The header value for a request, from what is known of the host; empty while nothing is known
  /// or wanted. May ask the token server.
  std::string authorization(const Endpoint& endpoint, const Access& access, Retry retry,
                            std::stop_token stop);

  /// After a 401: learns the challenge and returns a header value other than `refused`. Throws
  /// Error when there is no way to meet it.
  std::string meet(const Endpoint& endpoint, const Access& access,
                   const http::Response& unauthorized, const std::string& refused, Retry retry,
                   std::stop_token stop);

  /// The credential in use for a repository; nullopt when anonymous.
  std::optional<Credential> credential(const Endpoint& endpoint, std::stop_token stop);

 private:
  struct Token {
    std::string value;
    std::chrono::steady_clock::time_point good_until;
  };

  std::optional<Credential> credential_locked(const Endpoint& endpoint, std::stop_token stop);
  std::string value_locked(const Endpoint& endpoint, const Access& access,
                           const std::string& refused, Retry retry, std::stop_token stop);
  Token fetch_token(const Endpoint& endpoint, const Access& access, Retry retry,
                    std::stop_token stop);

  Credentials& credentials_;
  const Settings& settings_;
  std::mutex mutex_;  // held while a token is fetched: other threads wait for it instead of
                      // fetching their own
  std::optional<Challenge> challenge_;
  std::map<std::string, std::optional<Credential>> known_;  // by repository
  std::map<std::string, Token> tokens_;                     // by scopes
};

}  // namespace slipway::registry

// Logins of registries: docker's config.json (auths, credHelpers, credsStore) and containers'
// auth.json, as `docker login`, `podman login` and CI actions leave them.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "registry/client.h"

namespace slipway::registry {

struct Credential {
  std::string username;
  std::string secret;
  std::string identity_token;  // an OAuth2 refresh token instead of a password
  std::string registry_token;  // a ready bearer token
  std::string
      origin;  // "~/.docker/config.json" or the helper's name, for messages; never the secret
};

class Credentials {
 public:
  /// Reads nothing yet. `options.docker_config` set: only that directory's config.json counts.
  /// Else, in order: $DOCKER_AUTH_CONFIG (the JSON itself), $DOCKER_CONFIG or ~/.docker,
  /// $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json.
  explicit Credentials(const ClientOptions& options);
  ~Credentials();

  /// The login for `host`, most specific first: entries for "host/namespace/name" up to "host"
  /// (auth.json has such), then the helper of the host, then the general helper. nullopt:
  /// anonymous. Runs docker-credential-NAME where one is configured. Throws Error for malformed
  /// files and for helpers that are missing or fail.
  std::optional<Credential> find(const std::string& host, const std::string& repository,
                                 std::stop_token stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::registry

// Where an image may come from and go to, and how those servers are trusted: registries.conf,
// docker's daemon.json and certs.d turned into endpoints in the order to try.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "registry/client.h"
#include "registry/reference.h"

namespace slipway::registry {

/// One repository on one server.
struct Endpoint {
  std::string host;  // "docker.io", "mirror.corp:5000": the key of credentials and certificates
  std::string repository;  // on that host, with the path of a mirror's location
  std::string scheme;      // "http" or "https" where a setting names it, else empty
  bool insecure = false;   // plain HTTP and unverified TLS are allowed
  bool is_mirror = false;  // others can serve instead

  /// "registry-1.docker.io" for docker.io, else the host.
  std::string api_host() const;
  std::string str() const { return host + "/" + repository; }
};

class Settings {
 public:
  /// Reads the files; throws Error for malformed ones.
  explicit Settings(const ClientOptions& options);
  ~Settings();

  /// Mirrors first, in their order, then the registry itself. Throws Error for a blocked registry.
  std::vector<Endpoint> pull_endpoints(const Reference& ref) const;
  /// The registry itself.
  Endpoint push_endpoint(const Reference& ref) const;
  bool is_insecure(const std::string& host) const;
  /// From certs.d/HOST: *.crt are trusted, the first NAME.cert with its NAME.key is shown. Throws
  /// Error for unreadable files and a certificate without its key.
  http::Tls tls_for(const std::string& host, bool insecure) const;
  /// Whether any certs.d has a directory of that host.
  bool has_certificates(const std::string& host) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::registry

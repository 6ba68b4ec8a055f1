// Debian's docker-registry as a child process on a free loopback port with storage of its own, for
// tests against the real thing. Ends with its owner.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "os/fs.h"

namespace slipway::testing {

struct DockerRegistryOptions {
  std::string htpasswd;     // content of an htpasswd file (bcrypt); empty: no login
  std::string certificate;  // paths of PEM files; empty: plain HTTP
  std::string key;
  std::string client_ca;  // clients must show a certificate of this authority
};

class DockerRegistry {
 public:
  /// nullptr where docker-registry is not installed. Throws Error when it does not start.
  static std::unique_ptr<DockerRegistry> start(const DockerRegistryOptions& options = {});
  ~DockerRegistry();
  DockerRegistry(const DockerRegistry&) = delete;
  DockerRegistry& operator=(const DockerRegistry&) = delete;

  int port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  /// What it wrote so far, for failure messages.
  std::string log() const;

 private:
  DockerRegistry();
  os::TempDir dir_;
  pid_t child_ = -1;
  int port_ = 0;
};

}  // namespace slipway::testing

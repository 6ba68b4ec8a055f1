// --ssh: which socket stands for each id. Keys from files are held by an agent of our own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "build/request.h"
#include "exec/bundle.h"
#include "exec/ssh_agent.h"

namespace slipway::build {

class SshAgents {
 public:
  /// Throws Error where $SSH_AUTH_SOCK is needed and not set, where a path is neither a socket nor a key that can be used,
  /// and where a socket stands beside other paths.
  explicit SshAgents(const std::vector<SshSpec>& specs);

  const std::map<std::string, std::string>& sockets() const { return sockets_; }  // by id

 private:
  exec::Bundle dir_;  // a private directory with a short path, as sockets need it
  std::vector<std::unique_ptr<exec::KeyAgent>> agents_;
  std::map<std::string, std::string> sockets_;
};

}  // namespace slipway::build

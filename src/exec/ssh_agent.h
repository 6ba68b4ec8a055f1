// What RUN --mount=type=ssh shows: a socket that leads to an SSH agent outside. The step may run as
// any user; the agent sees ours.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "os/fd.h"

namespace slipway::exec {

/// An agent of our own that holds private keys from files, for `--ssh id=KEY[,KEY]`: OpenSSH's
/// ssh-agent, which ends with this object or with the program.
class KeyAgent {
 public:
  /// `socket` is made. Throws Error when OpenSSH is not installed, or when a key cannot be used: not
  /// readable, open to others, or protected by a passphrase.
  KeyAgent(const std::string& socket, const std::vector<std::string>& keys);

 private:
  std::jthread agent_;
};

/// Passes what is written to `socket` on to the agent at `agent` and back, for any number of
/// connections, until it is destroyed.
class AgentRelay {
 public:
  /// `socket` is made, with that mode (permission bits) and owner.
  AgentRelay(const std::string& socket, std::string agent, mode_t mode, uint32_t uid, uint32_t gid);
  ~AgentRelay();
  AgentRelay(const AgentRelay&) = delete;
  AgentRelay& operator=(const AgentRelay&) = delete;

 private:
  void run();

  const std::string agent_;
  os::UniqueFd listener_, stop_;
  std::thread thread_;
};

}  // namespace slipway::exec

#include "build/ssh.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "os/fs.h"

namespace slipway::build {
namespace {

bool is_socket(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) throw errno_error("use for --ssh", path);
  return S_ISSOCK(st.st_mode);
}

}  // namespace

SshAgents::SshAgents(const std::vector<SshSpec>& specs) {
  for (const auto& spec : specs) {
    const char* agent = std::getenv("SSH_AUTH_SOCK");
    if (spec.paths.empty()) {
      if (!agent || !*agent)
        throw Error(fmt::format("there is no ssh agent for --ssh {}", spec.id), "--ssh",
                    "start one (SSH_AUTH_SOCK is not set), or name a socket or a key");
      sockets_[spec.id] = os::absolute_path(agent);
      continue;
    }
    const bool has_socket = std::ranges::any_of(spec.paths, is_socket);
    if (has_socket && spec.paths.size() > 1)
      throw Error(fmt::format("--ssh {} has a socket beside other paths", spec.id), "--ssh",
                  "give one socket, or any number of keys");
    if (has_socket) {
      sockets_[spec.id] = os::absolute_path(spec.paths[0]);
      continue;
    }
    const std::string socket = dir_.file(fmt::format("agent{}", agents_.size()));
    agents_.push_back(std::make_unique<exec::KeyAgent>(socket, spec.paths));
    sockets_[spec.id] = socket;
  }
}

}  // namespace slipway::build

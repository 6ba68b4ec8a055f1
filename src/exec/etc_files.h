// The files that a step gets in place of its image's: /etc/hosts and /etc/resolv.conf.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace slipway::exec {

/// Text of /etc/hosts: the loopback names, the step's own name, then `extra` pairs of name and
/// address.
std::string hosts_file(const std::string& hostname,
                       const std::vector<std::pair<std::string, std::string>>& extra);

}  // namespace slipway::exec

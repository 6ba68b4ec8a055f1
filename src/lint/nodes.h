// The machines of a cluster, from `kubectl get nodes -o json`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::lint {

struct Nodes {
  std::map<std::string, std::vector<std::string>> by_platform;  // "linux/arm64" -> names, sorted

  bool can_run(const std::string& platform) const;
  /// "2 linux/amd64, 1 linux/arm64".
  std::string summary() const;
};

/// Reads a List of Nodes or one Node. Throws Error if it is neither, or if no node says what it is.
Nodes parse_nodes(std::string_view text, std::string_view origin);

}  // namespace slipway::lint

// See nodes.h. Members:
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/node-v1/
#include "lint/nodes.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "json/json.h"
#include "oci/platform.h"

namespace slipway::lint {

bool Nodes::can_run(const std::string& platform) const {
  const auto wanted = oci::parse_platform(platform);
  return std::any_of(by_platform.begin(), by_platform.end(), [&](const auto& entry) {
    return oci::match_distance(wanted, oci::parse_platform(entry.first)).has_value();
  });
}

std::string Nodes::summary() const {
  std::string out;
  for (const auto& [platform, names] : by_platform)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", names.size(), platform);
  return out;
}

Nodes parse_nodes(std::string_view text, std::string_view origin) {
  const json::Value document = json::parse(text, origin);
  Nodes nodes;
  const auto take = [&](const json::Value& node) {
    const json::Value* status = json::find(node, "status");
    const json::Value* info = status ? json::find(*status, "nodeInfo") : nullptr;
    if (!info) return;
    const std::string arch = json::string_or(*info, "architecture");
    if (arch.empty()) return;
    const json::Value* meta = json::find(node, "metadata");
    const std::string os = json::string_or(*info, "operatingSystem", "linux");
    nodes.by_platform[oci::parse_platform(os + "/" + arch).str()].push_back(
        meta ? json::string_or(*meta, "name") : std::string());
  };
  if (const json::Value* items = json::find(document, "items"); items && items->is_array())
    for (const auto& item : *items) take(item);
  else
    take(document);
  if (nodes.by_platform.empty())
    throw Error("there is no node with status.nodeInfo.architecture", std::string(origin),
                "make the file with `kubectl get nodes -o json`");
  for (auto& [platform, names] : nodes.by_platform) std::sort(names.begin(), names.end());
  return nodes;
}

}  // namespace slipway::lint

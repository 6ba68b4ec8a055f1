#include "verify/nodes.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"

namespace slipway::verify {
namespace {

using json::Value;

std::string text_at(const Value& value, std::initializer_list<const char*> path) {
  const Value* at = &value;
  for (const char* key : path) {
    at = json::find(*at, key);
    if (!at) return {};
  }
  return at->is_string() ? at->get<std::string>() : "";
}

std::string first_of(std::string a, std::string b) { return a.empty() ? std::move(b) : std::move(a); }

void add(const Value& item, std::vector<Node>& out) {
  Node node{.name = text_at(item, {"metadata", "name"}), .platform = {}};
  node.platform.arch = first_of(text_at(item, {"status", "nodeInfo", "architecture"}), text_at(item, {"metadata", "labels", "kubernetes.io/arch"}));
  node.platform.os = first_of(text_at(item, {"status", "nodeInfo", "operatingSystem"}), text_at(item, {"metadata", "labels", "kubernetes.io/os"}));
  if (node.platform.os.empty()) node.platform.os = "linux";
  if (node.name.empty() || node.platform.arch.empty()) return;
  node.platform = oci::normalize(node.platform);
  out.push_back(std::move(node));
}

/// The platform that a node takes from an index; nullptr if none.
const oci::Platform* chosen(const Node& node, const std::vector<oci::Platform>& platforms) {
  const oci::Platform* best = nullptr;
  int least = 0;
  for (const auto& platform : platforms) {
    const auto distance = oci::match_distance(platform, node.platform);
    if (!distance || (best && *distance >= least)) continue;
    best = &platform;
    least = *distance;
  }
  return best;
}

}  // namespace

std::vector<Node> parse_nodes(std::string_view text, std::string_view origin) {
  const Value value = json::parse(text, origin);
  std::vector<Node> out;
  const std::string kind = json::string_or(value, "kind");
  const Value* items = json::find(value, "items");
  if (items && items->is_array()) {
    for (const auto& item : *items) add(item, out);
  } else if (kind == "Node") {
    add(value, out);
  } else {
    throw Error("this is no list of nodes", std::string(origin), "write it with: kubectl get nodes -o json");
  }
  return out;
}

std::vector<Finding> check_nodes(const std::vector<Node>& nodes, const std::vector<oci::Platform>& platforms, bool is_index,
                                 const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const auto& platform : platforms) names.push_back(platform.str());
  std::vector<Finding> out;
  for (const auto& node : nodes) {
    Finding finding{.severity = Severity::Error, .platform = node.platform};
    const oci::Platform* image = chosen(node, platforms);
    if (!image && is_index) {
      finding.rule = "node-without-image";
      finding.is = fmt::format("node {} is {}, and the image has only {}: it cannot be pulled there", node.name,
                               node.platform.str(), join(names, ", "));
      finding.hint = fmt::format("build it with --platform {},{}", join(names, ","), node.platform.str());
      out.push_back(std::move(finding));
      continue;
    }
    if (!image && platforms.empty()) continue;
    finding.rule = "node-exec-format";
    if (!image) {
      finding.is = fmt::format("node {} is {}, and the image is for {}: exec format error predicted", node.name,
                               node.platform.str(), names[0]);
      finding.hint = fmt::format("build it with --platform {},{}", names[0], node.platform.str());
      out.push_back(std::move(finding));
      continue;
    }
    const auto wrong = std::ranges::find_if(findings, [&](const Finding& each) {
      return each.severity == Severity::Error && each.rule == "wrong-machine" && each.platform == *image;
    });
    if (wrong == findings.end()) continue;
    finding.is = fmt::format("node {} is {}: exec format error predicted, {} of {} is {}", node.name, node.platform.str(),
                             wrong->path, image->str(), wrong->is);
    finding.hint = wrong->hint;
    out.push_back(std::move(finding));
  }
  return out;
}

}  // namespace slipway::verify

#include "build/metadata.h"

#include <map>

#include "base/text.h"
#include "json/json.h"
#include "registry/challenge.h"

namespace slipway::build {
namespace {

/// BuildKit's VertexWarning: texts are base64, as Go writes bytes.
json::Value to_json(const BuildWarning& warning, const std::string& dockerfile) {
  json::Value out = json::Value::object();
  out["level"] = 1;
  const std::string text =
      warning.rule.empty() ? warning.message : warning.rule + ": " + warning.message;
  out["short"] = registry::base64_encode(text);
  if (!warning.detail.empty())
    out["detail"] = json::Value::array({registry::base64_encode(warning.detail)});
  if (!warning.url.empty()) out["url"] = warning.url;
  if (warning.file.empty()) return out;
  out["sourceInfo"]["filename"] = warning.file;
  out["sourceInfo"]["data"] = registry::base64_encode(dockerfile);
  out["sourceInfo"]["language"] = "Dockerfile";
  if (warning.line == 0) return out;
  json::Value range = json::Value::object();
  range["start"]["line"] = warning.line;
  range["end"]["line"] = warning.end_line ? warning.end_line : warning.line;
  out["range"] = json::Value::array({std::move(range)});
  return out;
}

}  // namespace

std::string metadata_json(const Metadata& metadata) {
  std::map<std::string, json::Value> members;
  for (const auto& [platform, predicate] : metadata.provenance)
    members["buildx.build.provenance" + (platform.empty() ? "" : "/" + platform)] =
        json::parse(predicate, "provenance");
  // BUILDER/NODE/ID: there is one builder, and an ID says which steps and which result.
  if (!metadata.build_id.empty())
    members["buildx.build.ref"] = "slipway/slipway/" + metadata.build_id.substr(0, 25);
  if (metadata.warnings) {
    json::Value list = json::Value::array();
    for (const auto& warning : *metadata.warnings)
      list.push_back(to_json(warning, metadata.dockerfile));
    members["buildx.build.warnings"] = std::move(list);
  }
  if (metadata.descriptor) {
    if (metadata.config) members["containerimage.config.digest"] = metadata.config->str();
    members["containerimage.descriptor"] = oci::to_json(*metadata.descriptor);
    members["containerimage.digest"] = metadata.descriptor->digest.str();
  }
  if (!metadata.names.empty()) members["image.name"] = join(metadata.names, ",");
  if (!metadata.joins.empty()) {
    json::Value list = json::Value::array();
    for (const auto& state : metadata.joins) list.push_back(json::parse(state, "join"));
    members["slipway.joins"] = std::move(list);
  }
  json::Value out = json::Value::object();
  for (auto& [key, value] : members) out[key] = std::move(value);
  return json::dump_pretty(out);
}

}  // namespace slipway::build

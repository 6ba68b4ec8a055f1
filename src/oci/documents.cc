#include "oci/documents.h"

#include <fmt/core.h>

#include "base/error.h"
#include "json/json.h"
#include "oci/media_types.h"

namespace slipway::oci {
namespace {

using json::Value;

[[noreturn]] void malformed(std::string_view origin, std::string_view why) {
  throw Error(fmt::format("malformed image document: {}", why), std::string(origin),
              "the registry or layout that served it is damaged; fetch the image again or use another source");
}

Annotations annotations_from(const Value& value, std::string_view origin) {
  Annotations out;
  const Value* member = json::find(value, "annotations");
  if (!member || member->is_null()) return out;
  if (!member->is_object()) malformed(origin, "annotations is not an object");
  for (const auto& [key, text] : member->items()) {
    if (!text.is_string()) malformed(origin, fmt::format("annotation {} is not a string", key));
    out[key] = text.get<std::string>();
  }
  return out;
}

void put_annotations(Value& out, const Annotations& annotations) {
  if (annotations.empty()) return;
  Value object = Value::object();
  for (const auto& [key, text] : annotations) object[key] = text;
  out["annotations"] = std::move(object);
}

std::vector<Descriptor> descriptors_from(const Value& value, std::string_view key, std::string_view origin) {
  std::vector<Descriptor> out;
  const Value* member = json::find(value, key);
  if (!member || member->is_null()) return out;
  if (!member->is_array()) malformed(origin, fmt::format("{} is not an array", key));
  for (const auto& item : *member) out.push_back(descriptor_from_json(item, origin));
  return out;
}

void check_schema(const Value& value, std::string_view origin) {
  if (!value.is_object()) malformed(origin, "not an object");
  if (json::int_or_none(value, "schemaVersion").value_or(0) != 2)
    malformed(origin, "schemaVersion is not 2 (Docker's schema 1 is not supported)");
}

}  // namespace

Value to_json(const Descriptor& d) {
  Value out = Value::object();
  out["mediaType"] = d.media_type;
  out["digest"] = d.digest.str();
  out["size"] = d.size;
  put_annotations(out, d.annotations);
  if (d.platform) {
    Value platform = Value::object();
    platform["architecture"] = d.platform->arch;
    platform["os"] = d.platform->os;
    if (!d.platform->os_version.empty()) platform["os.version"] = d.platform->os_version;
    if (!d.platform->variant.empty()) platform["variant"] = d.platform->variant;
    out["platform"] = std::move(platform);
  }
  if (!d.artifact_type.empty()) out["artifactType"] = d.artifact_type;
  return out;
}

Descriptor descriptor_from_json(const Value& value, std::string_view origin) {
  if (!value.is_object()) malformed(origin, "a descriptor is not an object");
  Descriptor d;
  d.media_type = json::string_or(value, "mediaType");
  const auto digest = Digest::parse(json::string_or(value, "digest"));
  if (!digest) malformed(origin, fmt::format("\"{}\" is not a sha256 digest", json::string_or(value, "digest")));
  d.digest = *digest;
  const auto size = json::int_or_none(value, "size");
  if (!size || *size < 0) malformed(origin, fmt::format("the size of {} is missing or negative", d.digest.str()));
  d.size = static_cast<uint64_t>(*size);
  d.artifact_type = json::string_or(value, "artifactType");
  d.annotations = annotations_from(value, origin);
  if (const Value* p = json::find(value, "platform"); p && p->is_object()) {
    d.platform = normalize({.os = json::string_or(*p, "os"),
                            .arch = json::string_or(*p, "architecture"),
                            .variant = json::string_or(*p, "variant"),
                            .os_version = json::string_or(*p, "os.version")});
  }
  return d;
}

Manifest parse_manifest(std::string_view bytes, std::string_view origin) {
  const Value value = json::parse(bytes, origin);
  check_schema(value, origin);
  const Value* config = json::find(value, "config");
  if (!config) malformed(origin, "no config");
  Manifest m;
  m.media_type = json::string_or(value, "mediaType", std::string(kManifest));
  m.artifact_type = json::string_or(value, "artifactType");
  m.config = descriptor_from_json(*config, origin);
  m.layers = descriptors_from(value, "layers", origin);
  if (const Value* subject = json::find(value, "subject")) m.subject = descriptor_from_json(*subject, origin);
  m.annotations = annotations_from(value, origin);
  return m;
}

Index parse_index(std::string_view bytes, std::string_view origin) {
  const Value value = json::parse(bytes, origin);
  check_schema(value, origin);
  Index index;
  index.media_type = json::string_or(value, "mediaType", std::string(kIndex));
  index.artifact_type = json::string_or(value, "artifactType");
  index.manifests = descriptors_from(value, "manifests", origin);
  if (const Value* subject = json::find(value, "subject")) index.subject = descriptor_from_json(*subject, origin);
  index.annotations = annotations_from(value, origin);
  return index;
}

std::string print(const Manifest& m) {
  Value out = Value::object();
  out["schemaVersion"] = 2;
  out["mediaType"] = m.media_type;
  if (!m.artifact_type.empty()) out["artifactType"] = m.artifact_type;
  out["config"] = to_json(m.config);
  Value layers = Value::array();
  for (const auto& layer : m.layers) layers.push_back(to_json(layer));
  out["layers"] = std::move(layers);
  if (m.subject) out["subject"] = to_json(*m.subject);
  put_annotations(out, m.annotations);
  return json::dump_pretty(out);
}

std::string print(const Index& index) {
  Value out = Value::object();
  out["schemaVersion"] = 2;
  out["mediaType"] = index.media_type;
  if (!index.artifact_type.empty()) out["artifactType"] = index.artifact_type;
  Value manifests = Value::array();
  for (const auto& manifest : index.manifests) manifests.push_back(to_json(manifest));
  out["manifests"] = std::move(manifests);
  if (index.subject) out["subject"] = to_json(*index.subject);
  put_annotations(out, index.annotations);
  return json::dump_pretty(out);
}

bool is_attestation(const Descriptor& d) {
  if (d.platform && d.platform->os == "unknown") return true;
  return d.annotations.contains("vnd.docker.reference.type");
}

std::optional<Descriptor> select_platform(const Index& index, const Platform& want) {
  std::optional<Descriptor> best;
  int best_distance = 0;
  for (const auto& entry : index.manifests) {
    if (is_attestation(entry) || !entry.platform) continue;
    const auto distance = match_distance(*entry.platform, want);
    if (!distance || (best && *distance >= best_distance)) continue;
    best = entry;
    best_distance = *distance;
  }
  return best;
}

}  // namespace slipway::oci

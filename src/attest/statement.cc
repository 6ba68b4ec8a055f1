#include "attest/statement.h"

#include "json/json.h"
#include "oci/media_types.h"

namespace slipway::attest {
namespace {

json::Value to_json(const Attestation& attestation, const std::vector<Subject>& subjects) {
  json::Value out = json::Value::object();
  out["_type"] = "https://in-toto.io/Statement/v1";
  out["predicateType"] = attestation.predicate_type;
  out["subject"] = json::Value::array();
  for (const auto& subject : subjects) {
    json::Value one = json::Value::object();
    one["name"] = subject.name;
    one["digest"] = json::Value::object();
    one["digest"]["sha256"] = subject.digest.hex();
    out["subject"].push_back(std::move(one));
  }
  out["predicate"] = json::parse(attestation.predicate, "a predicate of our own");
  return out;
}

/// The config of the form that looks like an image: as many diff ids as layers, which readers of
/// images count.
std::string image_config(const std::vector<oci::Descriptor>& layers) {
  json::Value out = json::Value::object();
  out["architecture"] = "unknown";
  out["os"] = "unknown";
  out["config"] = json::Value::object();
  out["rootfs"] = json::Value::object();
  out["rootfs"]["type"] = "layers";
  out["rootfs"]["diff_ids"] = json::Value::array();
  for (const auto& layer : layers) out["rootfs"]["diff_ids"].push_back(layer.digest.str());
  return json::dump(out);
}

}  // namespace

std::string statement(const Attestation& attestation, const std::vector<Subject>& subjects) {
  return json::dump(to_json(attestation, subjects));
}

std::string readable_statement(const Attestation& attestation,
                               const std::vector<Subject>& subjects) {
  return json::dump_pretty(to_json(attestation, subjects));
}

oci::Descriptor attach(const std::vector<Attestation>& attestations,
                       const std::vector<Subject>& subjects, const oci::Descriptor& target,
                       bool as_artifact,
                       const std::function<oci::Digest(std::string_view bytes)>& put) {
  std::vector<oci::Descriptor> layers;
  for (const auto& attestation : attestations) {
    const std::string bytes = statement(attestation, subjects);
    oci::Descriptor layer;
    layer.media_type = oci::kInToto;
    layer.digest = put(bytes);
    layer.size = bytes.size();
    layer.annotations["in-toto.io/predicate-type"] = attestation.predicate_type;
    layers.push_back(std::move(layer));
  }

  const std::string config_bytes = as_artifact ? "{}" : image_config(layers);
  oci::Descriptor config;
  config.media_type = as_artifact ? oci::kEmptyJson : oci::kConfig;
  config.digest = put(config_bytes);
  config.size = config_bytes.size();

  json::Value manifest = json::Value::object();
  manifest["schemaVersion"] = 2;
  manifest["mediaType"] = oci::kManifest;
  if (as_artifact) manifest["artifactType"] = kAttestationArtifact;
  manifest["config"] = oci::to_json(config);
  if (as_artifact) manifest["config"]["data"] = "e30=";  // "{}", so that nobody has to fetch it
  manifest["layers"] = json::Value::array();
  for (const auto& layer : layers) manifest["layers"].push_back(oci::to_json(layer));
  if (as_artifact) {
    oci::Descriptor subject;
    subject.media_type = target.media_type;
    subject.digest = target.digest;
    subject.size = target.size;
    manifest["subject"] = oci::to_json(subject);
  }
  const std::string bytes = json::dump_pretty(manifest);
  oci::Descriptor out;
  out.media_type = oci::kManifest;
  out.digest = put(bytes);
  out.size = bytes.size();
  out.platform = oci::Platform{.os = "unknown", .arch = "unknown"};
  out.annotations["vnd.docker.reference.digest"] = target.digest.str();
  out.annotations["vnd.docker.reference.type"] = "attestation-manifest";
  return out;
}

}  // namespace slipway::attest

#include "attest/provenance.h"

#include <algorithm>

#include "attest/steps.h"
#include "json/json.h"
#include "registry/challenge.h"

namespace slipway::attest {
namespace {

using json::Value;

constexpr const char* kBuildType1 =
    "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";
constexpr const char* kBuildType02 = "https://mobyproject.org/buildkit@v1";

Value digest_set(const Material& material) {
  Value out = Value::object();
  if (!material.hex.empty()) out[material.algorithm] = material.hex;
  return out;
}

Value materials(const ProvenanceFacts& facts) {
  Value out = Value::array();
  for (const auto& material : facts.materials) {
    Value one = Value::object();
    one["uri"] = material.uri;
    one["digest"] = digest_set(material);
    out.push_back(std::move(one));
  }
  return out;
}

bool is_private(const std::string& argument) {
  return argument.starts_with("build-arg:") || argument.starts_with("label:");
}

/// Whether mode min leaves arguments out.
bool lacks_arguments(const ProvenanceFacts& facts) {
  return std::ranges::any_of(facts.args, [](const auto& arg) { return is_private(arg.first); });
}

Value uses(const std::vector<Use>& list) {
  Value out = Value::array();
  for (const auto& use : list) {
    Value one = Value::object();
    one["id"] = use.id;
    if (use.optional) one["optional"] = true;
    out.push_back(std::move(one));
  }
  return out;
}

Value request(const ProvenanceFacts& facts, bool is_max) {
  Value out = Value::object();
  out["frontend"] = "dockerfile.v0";
  for (const auto& [key, value] : facts.args)
    if (is_max || !is_private(key)) out["args"][key] = value;
  if (is_max && !facts.secrets.empty()) out["secrets"] = uses(facts.secrets);
  if (is_max && !facts.ssh.empty()) out["ssh"] = uses(facts.ssh);
  for (const auto& name : facts.locals) {
    Value one = Value::object();
    one["name"] = name;
    out["locals"].push_back(std::move(one));
  }
  return out;
}

Value config_source(const ProvenanceFacts& facts, const char* path_key) {
  Value out = Value::object();
  if (!facts.config_uri.empty()) out["uri"] = facts.config_uri;
  if (!facts.config_digest.hex.empty()) out["digest"] = digest_set(facts.config_digest);
  if (!facts.config_path.empty()) out[path_key] = facts.config_path;
  return out;
}

/// Where the builder and what it emulates with are named; members that BuildKit does not have are
/// for people.
void put_environment(Value& out, const ProvenanceFacts& facts) {
  out["slipwayVersion"] = SLIPWAY_VERSION;
  for (const auto& [platform, emulator] : facts.emulators) out["emulators"][platform] = emulator;
}

class Predicate {
 public:
  Predicate(const ProvenanceFacts& facts, bool is_max, const graph::Graph& graph,
            const graph::Target& target, const std::vector<oci::Descriptor>& layers)
      : facts_(facts),
        is_max_(is_max),
        graph_(graph),
        target_(target),
        steps_(steps_of(graph, target)),
        layers_(layers) {}

  Value version1() const {
    Value out = Value::object();
    Value& definition = out["buildDefinition"];
    definition["buildType"] = kBuildType1;
    definition["externalParameters"]["configSource"] = config_source(facts_, "path");
    definition["externalParameters"]["request"] = request(facts_, is_max_);
    Value& internal = definition["internalParameters"];
    if (is_max_) internal["buildConfig"] = build_config(graph_, steps_);
    internal["builderPlatform"] = facts_.builder_platform.str();
    put_environment(internal, facts_);
    if (!facts_.materials.empty()) definition["resolvedDependencies"] = materials(facts_);
    out["runDetails"]["builder"]["id"] = facts_.builder_id;
    Value& metadata = out["runDetails"]["metadata"];
    metadata["buildkit_metadata"] = build_metadata();
    if (is_hermetic()) metadata["buildkit_hermetic"] = true;
    metadata["buildkit_completeness"]["request"] = has_all_arguments();
    metadata["buildkit_completeness"]["resolvedDependencies"] = facts_.locals.empty();
    if (facts_.reproducible) metadata["buildkit_reproducible"] = true;
    return out;
  }

  Value version02(bool with_metadata, bool with_steps) const {
    Value out = Value::object();
    out["builder"]["id"] = facts_.builder_id;
    out["buildType"] = kBuildType02;
    if (!facts_.materials.empty()) out["materials"] = materials(facts_);
    Value& invocation = out["invocation"];
    invocation["configSource"] = config_source(facts_, "entryPoint");
    invocation["parameters"] = request(facts_, is_max_);
    invocation["environment"]["platform"] = facts_.builder_platform.str();
    put_environment(invocation["environment"], facts_);
    if (with_steps) out["buildConfig"] = build_config(graph_, steps_);
    if (!with_metadata) return out;
    Value& metadata = out["metadata"];
    metadata["completeness"]["parameters"] = has_all_arguments();
    metadata["completeness"]["environment"] = true;
    metadata["completeness"]["materials"] = facts_.locals.empty();
    metadata["reproducible"] = facts_.reproducible;
    metadata["https://mobyproject.org/buildkit@v1#metadata"] = build_metadata();
    if (is_hermetic()) metadata["https://mobyproject.org/buildkit@v1#hermetic"] = true;
    return out;
  }

 private:
  bool has_all_arguments() const { return is_max_ || !lacks_arguments(facts_); }
  bool is_hermetic() const { return facts_.locals.empty() && !facts_.uses_network; }

  Value build_metadata() const {
    Value out = Value::object();
    for (const auto& [key, value] : facts_.vcs) out["vcs"][key] = value;
    if (!is_max_) return out;
    Value info = Value::object();
    info["filename"] = facts_.dockerfile_name;
    info["language"] = "Dockerfile";
    info["data"] = registry::base64_encode(facts_.dockerfile);
    out["source"]["locations"] = step_locations(graph_, steps_);
    out["source"]["infos"] = Value::array({std::move(info)});
    if (Value layers = step_layers(graph_, target_, steps_, layers_); !layers_.empty())
      out["layers"] = std::move(layers);
    return out;
  }

  const ProvenanceFacts& facts_;
  bool is_max_;
  const graph::Graph& graph_;
  const graph::Target& target_;
  BuildSteps steps_;
  const std::vector<oci::Descriptor>& layers_;
};

}  // namespace

std::string provenance_predicate(const ProvenanceFacts& facts, SlsaVersion version, bool is_max,
                                 const graph::Graph& graph, const graph::Target& target,
                                 const std::vector<oci::Descriptor>& layers) {
  const Predicate predicate(facts, is_max, graph, target, layers);
  return json::dump(version == SlsaVersion::V1 ? predicate.version1()
                                               : predicate.version02(true, is_max));
}

std::string metadata_predicate(const ProvenanceFacts& facts, bool is_full, bool is_max,
                               const graph::Graph& graph, const graph::Target& target,
                               const std::vector<oci::Descriptor>& layers) {
  const Predicate predicate(facts, is_max, graph, target, layers);
  return json::dump(predicate.version02(is_full, is_full && is_max));
}

}  // namespace slipway::attest

#include "attest/provenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/json.h"

namespace slipway::attest {
namespace {

using testing::HasSubstr;
using testing::Not;

/// FROM image; RUN with a secret; COPY of a file out of the context.
class Provenance : public testing::Test {
 protected:
  Provenance() {
    const oci::Platform arm64{.os = "linux", .arch = "arm64"};
    graph::BaseImage base{.reference = "docker.io/library/busybox:latest@sha256:00",
                          .origin = {},
                          .manifest = {},
                          .layers = {},
                          .diff_ids = {}};
    base.layers.resize(1);
    graph::Run run;
    run.argv = {"/bin/sh", "-c", "make"};
    run.env = {"A=1"};
    run.cwd = "/";
    graph::Mount secret;
    secret.type = dockerfile::Mount::Type::Secret;
    secret.id = "token";
    secret.target = "/run/secrets/token";
    run.mounts = {secret};
    graph::Copy copy;
    copy.sources = {{.input = 2, .path = "f"}};
    copy.dest = "/f";
    copy.chown = "app:7";
    graph_.contexts = {{.name = "context", .dir = "/somewhere", .is_main = true, .wanted = {"f"}}};
    add({.op = base,
         .parent = {},
         .platform = arm64,
         .name = "FROM",
         .location = "Dockerfile:1",
         .stage = {}});
    add({.op = run,
         .parent = 0,
         .platform = arm64,
         .name = "RUN",
         .location = "Dockerfile:2",
         .stage = {}});
    add({.op = graph::ContextFiles{0},
         .parent = {},
         .platform = {},
         .name = "context",
         .location = {},
         .stage = {}});
    add({.op = copy,
         .parent = 1,
         .platform = arm64,
         .name = "COPY",
         .location = "Dockerfile:3",
         .stage = {}});
    graph_.targets.resize(1);
    graph_.targets[0].files = 3;
    graph_.targets[0].base = 0;
    graph_.targets[0].layers = {1, 3};
    for (const char* layer : {"base", "run", "copy"}) {
      layers_.emplace_back();
      layers_.back().digest = oci::Digest::of(layer);
    }
    facts_.args = {{"build-arg:PASSWORD", "hush"}, {"target", "final"}};
    facts_.locals = {"context", "dockerfile"};
    facts_.materials = {{"pkg:docker/busybox@latest", "sha256", "00"}};
    facts_.secrets = {{"token", false}};
    facts_.builder_platform = {.os = "linux", .arch = "amd64"};
    facts_.emulators = {{"linux/arm64", "qemu-aarch64 version 7.2"}};
    facts_.dockerfile_name = facts_.config_path = "Dockerfile";
    facts_.dockerfile = "FROM busybox\n";
    facts_.uses_network = true;
  }
  void add(graph::Step step) { graph_.steps.push_back(std::move(step)); }
  std::string text(SlsaVersion version, bool is_max) {
    return provenance_predicate(facts_, version, is_max, graph_, graph_.targets[0], layers_);
  }
  json::Value value(SlsaVersion version, bool is_max) {
    return json::parse(text(version, is_max), "predicate");
  }

  graph::Graph graph_;
  ProvenanceFacts facts_;
  std::vector<oci::Descriptor> layers_;
};

TEST_F(Provenance, ModeMinKeepsArgumentsSecretsAndStepsToItself) {
  const std::string found = text(SlsaVersion::V1, false);
  for (const char* word : {"hush", "token", "make", "llbDefinition"})
    EXPECT_THAT(found, Not(HasSubstr(word)));
  const auto predicate = value(SlsaVersion::V1, false);
  EXPECT_EQ(predicate["runDetails"]["metadata"]["buildkit_completeness"]["request"], false);
  EXPECT_EQ(predicate["buildDefinition"]["externalParameters"]["request"]["args"]["target"],
            "final");
}

TEST_F(Provenance, NothingSaysWhenOrByWhichProcess) {
  for (const auto version : {SlsaVersion::V1, SlsaVersion::V02}) {
    EXPECT_THAT(text(version, true), Not(HasSubstr("StartedOn")));
    EXPECT_THAT(text(version, true), Not(HasSubstr("startedOn")));
    EXPECT_THAT(text(version, true), Not(HasSubstr("nvocationI")));
    EXPECT_THAT(text(version, true), Not(HasSubstr("somewhere")));
  }
}

TEST_F(Provenance, MaterialsAndBuilderAreNamedInBothVersions) {
  const auto v1 = value(SlsaVersion::V1, false), v02 = value(SlsaVersion::V02, false);
  EXPECT_EQ(v1["buildDefinition"]["resolvedDependencies"], v02["materials"]);
  EXPECT_EQ(v02["materials"][0]["digest"]["sha256"], "00");
  EXPECT_EQ(v1["buildDefinition"]["internalParameters"]["builderPlatform"], "linux/amd64");
  EXPECT_EQ(v02["invocation"]["environment"]["emulators"]["linux/arm64"],
            "qemu-aarch64 version 7.2");
  EXPECT_EQ(v1["buildDefinition"]["externalParameters"]["configSource"]["path"], "Dockerfile");
  EXPECT_EQ(v02["invocation"]["configSource"]["entryPoint"], "Dockerfile");
}

TEST_F(Provenance, ModeMaxShowsStepsWithTheirInputs) {
  const auto config =
      value(SlsaVersion::V1, true)["buildDefinition"]["internalParameters"]["buildConfig"];
  const auto steps = config["llbDefinition"];
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(steps[0]["op"]["Op"]["source"]["identifier"],
            "docker-image://docker.io/library/busybox:latest@sha256:00");
  EXPECT_EQ(steps[1]["op"]["Op"]["exec"]["meta"]["args"][2], "make");
  EXPECT_EQ(steps[1]["op"]["Op"]["exec"]["mounts"][1]["secretOpt"]["ID"], "token");
  EXPECT_EQ(steps[1]["inputs"], json::Value::array({"step0:0"}));
  EXPECT_EQ(steps[2]["op"]["Op"]["source"]["identifier"], "local://context");
  EXPECT_EQ(steps[3]["inputs"], json::Value::array({"step1:0", "step2:0"}));
  const auto copy = steps[3]["op"]["Op"]["file"]["actions"][0]["Action"]["copy"];
  EXPECT_EQ(copy["owner"]["user"]["User"]["byName"]["name"], "app");
  EXPECT_EQ(copy["owner"]["group"]["User"]["byID"], 7);
  EXPECT_EQ(steps[4]["inputs"], json::Value::array({"step3:0"}));
  EXPECT_EQ(config["digestMapping"].size(), 5u);
}

TEST_F(Provenance, ModeMaxMapsStepsToLinesAndLayers) {
  const auto metadata = value(SlsaVersion::V1, true)["runDetails"]["metadata"]["buildkit_metadata"];
  EXPECT_EQ(metadata["source"]["locations"]["step3"]["locations"][0]["ranges"][0]["start"]["line"],
            3);
  EXPECT_EQ(metadata["source"]["infos"][0]["data"], "RlJPTSBidXN5Ym94Cg==");
  EXPECT_EQ(metadata["layers"]["step0:0"][0].size(), 1u);
  EXPECT_EQ(metadata["layers"]["step1:0"][0].size(), 2u);
  EXPECT_EQ(metadata["layers"]["step3:0"][0][2]["digest"], layers_[2].digest.str());
}

TEST_F(Provenance, ABuildWithoutLocalsAndNetworkIsHermetic) {
  EXPECT_FALSE(
      value(SlsaVersion::V1, true)["runDetails"]["metadata"].contains("buildkit_hermetic"));
  facts_.locals.clear();
  facts_.uses_network = false;
  EXPECT_EQ(value(SlsaVersion::V1, true)["runDetails"]["metadata"]["buildkit_hermetic"], true);
  EXPECT_EQ(value(SlsaVersion::V1,
                  true)["runDetails"]["metadata"]["buildkit_completeness"]["resolvedDependencies"],
            true);
}

TEST_F(Provenance, TheMetadataFileGetsVersion02WithoutStepsUnlessFull) {
  const auto predicate = [&](bool is_full) {
    return json::parse(
        metadata_predicate(facts_, is_full, true, graph_, graph_.targets[0], layers_), "predicate");
  };
  EXPECT_FALSE(predicate(false).contains("metadata"));
  EXPECT_FALSE(predicate(false).contains("buildConfig"));
  EXPECT_TRUE(predicate(true).contains("metadata"));
  EXPECT_TRUE(predicate(true).contains("buildConfig"));
}

}  // namespace
}  // namespace slipway::attest

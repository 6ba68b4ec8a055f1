#include "attest/statement.h"

#include <gtest/gtest.h>

#include <map>

#include "json/json.h"
#include "oci/media_types.h"

namespace slipway::attest {
namespace {

class Attach : public testing::Test {
 protected:
  oci::Descriptor attach_one(bool as_artifact) {
    target_.media_type = oci::kManifest;
    target_.digest = oci::Digest::of("image");
    target_.size = 5;
    return attach({{.predicate_type = std::string(kSpdxPredicate),
                    .predicate = R"({"a":1})",
                    .file_name = "sbom.spdx.json"}},
                  {{"pkg:docker/app@1", target_.digest}}, target_, as_artifact,
                  [&](std::string_view bytes) {
                    const auto digest = oci::Digest::of(bytes);
                    blobs_[digest] = bytes;
                    return digest;
                  });
  }
  json::Value blob(const oci::Digest& digest) { return json::parse(blobs_.at(digest), "blob"); }
  json::Value blob(const json::Value& descriptor) {
    return blob(oci::Digest::parse_or_throw(descriptor["digest"].get<std::string>()));
  }

  oci::Descriptor target_;
  std::map<oci::Digest, std::string> blobs_;
};

TEST_F(Attach, TheEntryOfTheIndexSaysWhichImageItIsAbout) {
  const auto entry = attach_one(true);
  EXPECT_TRUE(oci::is_attestation(entry));
  EXPECT_EQ(entry.platform->str(), "unknown/unknown");
  EXPECT_EQ(entry.annotations.at("vnd.docker.reference.digest"), target_.digest.str());
  EXPECT_EQ(entry.annotations.at("vnd.docker.reference.type"), "attestation-manifest");
}

TEST_F(Attach, TheStatementHoldsPredicateAndSubject) {
  const auto manifest = blob(attach_one(true).digest);
  const auto layer = manifest["layers"][0];
  EXPECT_EQ(layer["mediaType"], "application/vnd.in-toto+json");
  EXPECT_EQ(layer["annotations"]["in-toto.io/predicate-type"], "https://spdx.dev/Document");
  const auto statement = blob(layer);
  EXPECT_EQ(statement["_type"], "https://in-toto.io/Statement/v1");
  EXPECT_EQ(statement["subject"][0]["name"], "pkg:docker/app@1");
  EXPECT_EQ(statement["subject"][0]["digest"]["sha256"], target_.digest.hex());
  EXPECT_EQ(statement["predicate"]["a"], 1);
}

TEST_F(Attach, AnArtifactHasASubjectAndAnEmptyConfig) {
  const auto manifest = blob(attach_one(true).digest);
  EXPECT_EQ(manifest["artifactType"], kAttestationArtifact);
  EXPECT_EQ(manifest["subject"]["digest"], target_.digest.str());
  EXPECT_EQ(manifest["config"]["data"], "e30=");
  EXPECT_EQ(blob(manifest["config"]), json::Value::object());
}

TEST_F(Attach, TheOlderFormLooksLikeAnImage) {
  const auto manifest = blob(attach_one(false).digest);
  EXPECT_FALSE(manifest.contains("artifactType"));
  EXPECT_FALSE(manifest.contains("subject"));
  const auto config = blob(manifest["config"]);
  EXPECT_EQ(config["os"], "unknown");
  EXPECT_EQ(config["rootfs"]["diff_ids"][0], manifest["layers"][0]["digest"]);
}

}  // namespace
}  // namespace slipway::attest

#include "build/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/json.h"

namespace slipway::build {
namespace {

using testing::ElementsAre;

std::vector<std::string> keys(const json::Value& value) {
  std::vector<std::string> out;
  for (const auto& [key, member] : value.items()) out.push_back(key);
  return out;
}

TEST(Metadata, KeysAreThoseOfBuildxInOrder) {
  Metadata metadata;
  metadata.descriptor =
      oci::Descriptor{.media_type = "m", .digest = oci::Digest::of("x"), .size = 1};
  metadata.config = oci::Digest::of("c");
  metadata.names = {"a", "b"};
  metadata.build_id = std::string(64, 'f');
  metadata.provenance = {{"linux/amd64", "{\"a\":1}"}, {"linux/arm64", "{}"}};
  metadata.warnings.emplace();
  const auto value = json::parse(metadata_json(metadata), "metadata");
  EXPECT_THAT(
      keys(value),
      ElementsAre("buildx.build.provenance/linux/amd64", "buildx.build.provenance/linux/arm64",
                  "buildx.build.ref", "buildx.build.warnings", "containerimage.config.digest",
                  "containerimage.descriptor", "containerimage.digest", "image.name"));
  EXPECT_EQ(value["image.name"], "a,b");
  EXPECT_EQ(value["buildx.build.ref"], "slipway/slipway/" + std::string(25, 'f'));
  EXPECT_EQ(value["buildx.build.provenance/linux/amd64"]["a"], 1);
}

TEST(Metadata, FilesHaveNoImage) {
  Metadata metadata;
  metadata.provenance = {{"", "{}"}};
  EXPECT_THAT(keys(json::parse(metadata_json(metadata), "metadata")),
              ElementsAre("buildx.build.provenance"));
}

TEST(Metadata, WarningsPointIntoTheDockerfile) {
  Metadata metadata;
  metadata.dockerfile = "FROM x\n";
  metadata.warnings = {{{.rule = "Rule",
                         .message = "text",
                         .url = "https://e.org",
                         .file = "Dockerfile",
                         .line = 3}}};
  const auto warning = json::parse(metadata_json(metadata), "metadata")["buildx.build.warnings"][0];
  EXPECT_EQ(warning["short"], "UnVsZTogdGV4dA==");
  EXPECT_EQ(warning["sourceInfo"]["data"], "RlJPTSB4Cg==");
  EXPECT_EQ(warning["range"][0]["end"]["line"], 3);
}

}  // namespace
}  // namespace slipway::build

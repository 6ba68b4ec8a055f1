#include "build/output_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::build {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

OutputOptions read(const std::string& type, std::map<std::string, std::string> attrs,
                   const BuildRequest& request = {}) {
  return read_output({.type = type, .dest = "x", .attrs = std::move(attrs)}, request, 0);
}

std::string refusal(const std::string& type, std::map<std::string, std::string> attrs) {
  try {
    read(type, std::move(attrs));
  } catch (const Error& e) {
    return e.render();
  }
  return "accepted";
}

TEST(OutputOptions, EveryKeyOfBuildKitIsKnownToItsType) {
  const std::map<std::string, std::string> image = {{"name", "app"},
                                                    {"oci-mediatypes", "true"},
                                                    {"oci-artifact", "false"},
                                                    {"attestation-inline", "1"},
                                                    {"prefer-nondist-layers", "true"},
                                                    {"source-date-epoch", "7"},
                                                    {"rewrite-timestamp", "true"},
                                                    {"compression", "zstd"},
                                                    {"compression-level", "3"},
                                                    {"force-compression", "true"}};
  auto registry = image;
  for (const char* key : {"push", "push-by-digest", "registry.insecure", "unpack", "store",
                          "danging-name-empty-only", "name-canonical"})
    registry[key] = "true";
  registry["dangling-name-prefix"] = "lost";
  auto archive = image;
  archive["tar"] = "false";
  EXPECT_TRUE(read("image", registry).name_canonical);
  EXPECT_TRUE(read("registry", registry).insecure);
  EXPECT_FALSE(read("oci", archive).tar);
  archive["context"] = "default";
  EXPECT_EQ(read("docker", archive).epoch, 7);
  EXPECT_EQ(
      read("local", {{"mode", "copy"}, {"platform-split", "false"}, {"attestation-prefix", "a."}})
          .attestation_prefix,
      "a.");
}

TEST(OutputOptions, UnknownKeysAreRefusedWithWhatWasMeant) {
  EXPECT_THAT(refusal("oci", {{"compresion", "zstd"}}), HasSubstr("did you mean compression?"));
  EXPECT_THAT(refusal("local", {{"compression", "zstd"}}), HasSubstr("has no key"));
  EXPECT_THAT(refusal("cacheonly", {{"name", "x"}}), HasSubstr("has no key"));
  EXPECT_THAT(refusal("ocy", {}), HasSubstr("unknown output type"));
}

TEST(OutputOptions, ValuesThatCannotBeAreRefusedByName) {
  EXPECT_THAT(refusal("oci", {{"compression", "estargz"}}), HasSubstr("eStargz"));
  EXPECT_THAT(refusal("oci", {{"compression", "lz4"}}), HasSubstr("compression=lz4"));
  EXPECT_THAT(refusal("oci", {{"compression-level", "10"}}), HasSubstr("between 0 and 9"));
  EXPECT_THAT(refusal("oci", {{"tar", "maybe"}}), HasSubstr("neither true nor false"));
  EXPECT_THAT(refusal("oci", {{"oci-mediatypes", "false"}, {"oci-artifact", "true"}}),
              HasSubstr("contradicts"));
  EXPECT_THAT(refusal("oci", {{"oci-mediatypes", "false"}, {"compression", "zstd"}}),
              HasSubstr("contradicts"));
  EXPECT_THAT(refusal("local", {{"mode", "move"}}), HasSubstr("mode=move"));
  EXPECT_THAT(refusal("oci", {{"source-date-epoch", "today"}}), HasSubstr("is no time"));
}

TEST(OutputOptions, AnnotationKeysNameLevelAndPlatform) {
  BuildRequest request;
  request.annotations = {{.level = {}, .platform = {}, .key = "a", .value = "1"}};
  const auto found = read("oci",
                          {{"annotation.b", "2"},
                           {"annotation-index.c.d", "3"},
                           {"annotation-manifest-descriptor[linux/arm64].e", "4"}},
                          request);
  ASSERT_EQ(found.annotations.size(), 4u);
  EXPECT_EQ(found.annotations[0].key, "a");
  EXPECT_EQ(found.annotations[1].key, "c.d");
  EXPECT_EQ(found.annotations[1].level, "index");
  EXPECT_EQ(found.annotations[2].platform->str(), "linux/arm64");
  EXPECT_EQ(found.annotations[3].level, "");
  EXPECT_THAT(refusal("oci", {{"annotation-layer.k", "v"}}), HasSubstr("unknown annotation level"));
  EXPECT_THAT(refusal("oci", {{"annotation-index[linux/arm64.k", "v"}}),
              HasSubstr("closing bracket"));
}

TEST(OutputOptions, NamesComeFromTagsElseFromTheOutput) {
  BuildRequest request;
  EXPECT_THAT(read("image", {{"name", "x:1, y:2"}}, request).names,
              ElementsAre("docker.io/library/x:1", "docker.io/library/y:2"));
  request.tags = {"app", "app:latest", "other:1"};
  EXPECT_THAT(read("image", {}, request).names,
              ElementsAre("docker.io/library/app:latest", "docker.io/library/other:1"));
  EXPECT_THAT(read("image", {{"name", "x:1, y:2"}}, request).names,
              ElementsAre("docker.io/library/app:latest", "docker.io/library/other:1"));
}

TEST(OutputOptions, TheEnvironmentMayTurnArtifactsOff) {
  BuildRequest request;
  request.default_oci_artifact = false;
  EXPECT_FALSE(read("oci", {}, request).oci_artifact);
  EXPECT_TRUE(read("oci", {{"oci-artifact", "true"}}, request).oci_artifact);
}

TEST(OutputOptions, DefaultsDependOnTheType) {
  EXPECT_TRUE(read("registry", {}).push);
  EXPECT_FALSE(read("registry", {}).store);
  EXPECT_TRUE(read("image", {}).store);
  EXPECT_TRUE(read("image", {}).attestation_inline);
  EXPECT_FALSE(read("oci", {}).attestation_inline);
  EXPECT_TRUE(read("oci", {}).oci_artifact);
  EXPECT_FALSE(read("oci", {{"oci-mediatypes", "false"}}).oci_artifact);
  EXPECT_FALSE(read("oci", {{"compression", "zstd"}, {"compression-level", "0"}}).form.level);
}

}  // namespace
}  // namespace slipway::build

#include "build/attestations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::build {
namespace {

AttestWishes wishes(std::vector<AttestSpec> specs,
                    std::map<std::string, std::string> build_args = {}, bool defaults = true) {
  BuildRequest request;
  request.attests = std::move(specs);
  request.build_args = std::move(build_args);
  request.default_attestations = defaults;
  return attest_wishes(request);
}

TEST(AttestWishes, NothingIsAttestedUnlessAskedFor) {
  EXPECT_FALSE(wishes({}).any());
  EXPECT_FALSE(wishes({}).provenance_refused);
  EXPECT_TRUE(wishes({}, {}, false).provenance_refused);
}

TEST(AttestWishes, ProvenanceWithoutAModeIsMax) {
  const auto found = wishes({{.type = "provenance"}});
  ASSERT_TRUE(found.provenance);
  EXPECT_TRUE(found.provenance->is_max);
  EXPECT_EQ(found.provenance->version, attest::SlsaVersion::V1);
  EXPECT_EQ(found.provenance->file_name, "provenance.json");
}

TEST(AttestWishes, ALaterFlagOfATypeReplacesTheEarlier) {
  EXPECT_FALSE(wishes({{.type = "provenance"}, {.type = "provenance", .disabled = true}}).any());
  EXPECT_TRUE(wishes({{.type = "provenance", .disabled = true}}).provenance_refused);
  const auto found = wishes({{.type = "provenance", .attrs = {{"builder-id", "x"}}},
                             {.type = "provenance", .attrs = {{"mode", "min"}}}});
  EXPECT_EQ(found.provenance->builder_id, "");
  EXPECT_FALSE(found.provenance->is_max);
}

TEST(AttestWishes, BuildArgumentsAskForAttestationsToo) {
  const auto found = wishes(
      {}, {{"BUILDKIT_ATTEST_PROVENANCE", "mode=min,version=v0.2"}, {"BUILDKIT_ATTEST_SBOM", ""}});
  EXPECT_TRUE(found.sbom);
  EXPECT_EQ(found.provenance->version, attest::SlsaVersion::V02);
}

TEST(AttestWishes, InlineOnlyProvenanceDoesNotMakeAnIndexOnItsOwn) {
  const auto found = wishes({{.type = "provenance", .attrs = {{"inline-only", "true"}}}});
  EXPECT_FALSE(found.needs_index(false));
  EXPECT_TRUE(found.needs_index(true));
}

TEST(AttestWishes, KeysAndValuesThatAreNotKnownAreRefused) {
  const auto provenance = [](const char* key, const char* value) {
    return std::vector<AttestSpec>{{.type = "provenance", .attrs = {{key, value}}}};
  };
  EXPECT_THROW(wishes(provenance("mode", "mid")), Error);
  EXPECT_THROW(wishes(provenance("version", "v2")), Error);
  EXPECT_THROW(wishes(provenance("capture-usage", "true")), Error);
  EXPECT_THROW(wishes(provenance("filename", "../x")), Error);
  EXPECT_THROW(wishes(provenance("colour", "red")), Error);
  EXPECT_THROW(wishes({{.type = "sbom", .attrs = {{"generater", "x"}}}}), Error);
  EXPECT_EQ(wishes({{.type = "sbom", .attrs = {{"generator", "scan:1"}, {"SCANNER_ARG", "x"}}}})
                .generator,
            "scan:1");
}

}  // namespace
}  // namespace slipway::build

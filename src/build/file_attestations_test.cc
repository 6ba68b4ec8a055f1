#include "build/file_attestations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "json/json.h"

namespace slipway::build {
namespace {

tree::Entry file(const std::string& path, const std::string& bytes) {
  tree::Entry out{.path = path, .type = tree::Type::File, .mode = 0644, .size = bytes.size()};
  out.content.bytes = bytes;
  return out;
}

const std::vector<attest::Attestation> kOne = {{.predicate_type = "https://spdx.dev/Document",
                                                .predicate = "{}",
                                                .file_name = "sbom.spdx.json"}};

TEST(FileAttestations, EveryRegularFileIsASubjectWithItsDigest) {
  tree::Entry dir{.path = "d", .type = tree::Type::Dir, .mode = 0755};
  tree::Entry link{.path = "d/hard", .type = tree::Type::Hardlink, .link = "a"};
  tree::Entry symlink{.path = "d/soft", .type = tree::Type::Symlink, .link = "../a"};
  const auto found =
      with_attestations(tree::Tree({file("a", "x"), dir, link, symlink}), kOne, "", "", {});
  const tree::Entry* entry = found.find("sbom.spdx.json");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->mode, 0600u);
  const auto statement = json::parse(entry->content.bytes, "statement");
  ASSERT_EQ(statement["subject"].size(), 2u);
  EXPECT_EQ(statement["subject"][0]["name"], "a");
  EXPECT_EQ(statement["subject"][1]["name"], "d/hard");
  EXPECT_EQ(statement["subject"][1]["digest"]["sha256"], oci::Digest::of("x").hex());
}

TEST(FileAttestations, NamesHavePrefixAndPlatform) {
  EXPECT_TRUE(with_attestations({}, kOne, "about-", "linux_arm64", {})
                  .find("about-sbom.spdx.linux_arm64.json"));
}

TEST(FileAttestations, AFileOfTheResultIsNeverReplaced) {
  EXPECT_THROW(with_attestations(tree::Tree({file("sbom.spdx.json", "mine")}), kOne, "", "", {}),
               Error);
  EXPECT_THROW(with_attestations({}, kOne, "../", "", {}), Error);
}

}  // namespace
}  // namespace slipway::build

#include "attest/spdx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "attest/licenses.h"
#include "json/json.h"

namespace slipway::attest {
namespace {

TEST(Licenses, ExpressionsOfKnownIdentifiersAreValid) {
  EXPECT_TRUE(is_spdx_expression("MIT"));
  EXPECT_TRUE(
      is_spdx_expression("MIT AND (BSD-2-Clause OR GPL-2.0-or-later WITH GCC-exception-3.1)"));
  EXPECT_FALSE(is_spdx_expression("GPLv2+"));
  EXPECT_FALSE(is_spdx_expression("MIT and ISC"));
  EXPECT_FALSE(is_spdx_expression("MIT AND"));
  EXPECT_FALSE(is_spdx_expression("(MIT"));
  EXPECT_FALSE(is_spdx_expression("MIT ISC"));
  EXPECT_FALSE(is_spdx_expression(""));
}

TEST(Licenses, OtherTextsGetNamesThatTellThemApart) {
  EXPECT_THAT(license_reference("GPLv2+ with exceptions"),
              testing::MatchesRegex("LicenseRef-GPLv2-with-exceptions-[0-9a-f]{8}"));
  EXPECT_NE(license_reference("GPLv2+"), license_reference("GPLv2"));
  EXPECT_THAT(license_reference("©"), testing::MatchesRegex("LicenseRef-[0-9a-f]{8}"));
}

Inventory inventory() {
  Inventory out;
  out.distribution = {.id = "debian", .version = "12", .name = "Debian 12"};
  Package deb{.type = "deb", .space = "debian", .name = "bash", .version = "5.2"};
  deb.license = "GPLv3+";
  deb.supplier = "Jane (Doe) <jane@example.org>";
  deb.found_in = {"var/lib/dpkg/status"};
  Package main{.type = "golang", .space = "example.com", .name = "app"};
  main.parts = {"pkg:golang/stdlib@1.22"};
  main.found_in = {"app"};
  Package library{.type = "golang", .name = "stdlib", .version = "1.22"};
  library.license = "BSD-3-Clause";
  library.found_in = {"app", "tool"};
  out.packages = {deb, main, library};
  return out;
}

json::Value document() {
  return json::parse(spdx_document(inventory(), {.name = "docker.io/library/app:1",
                                                 .version = "sha256:00",
                                                 .purl = "pkg:docker/app@1",
                                                 .name_space = "sha256:00",
                                                 .created = "1980-01-01T00:00:00Z"}),
                     "document");
}

TEST(Spdx, PackagesHaveUrlsLicensesAndSuppliers) {
  const auto packages = document()["packages"];
  ASSERT_EQ(packages.size(), 5u);  // the image, its system, and the three
  EXPECT_EQ(packages[0]["primaryPackagePurpose"], "CONTAINER");
  EXPECT_EQ(packages[1]["primaryPackagePurpose"], "OPERATING-SYSTEM");
  EXPECT_EQ(packages[2]["supplier"], "Organization: Jane  Doe (jane@example.org)");
  EXPECT_EQ(packages[2]["externalRefs"][0]["referenceLocator"], "pkg:deb/debian/bash@5.2");
  EXPECT_EQ(packages[2]["licenseDeclared"], license_reference("GPLv3+"));
  EXPECT_EQ(packages[3]["name"], "example.com/app");
  EXPECT_EQ(packages[4]["licenseDeclared"], "BSD-3-Clause");
  EXPECT_EQ(packages[4]["sourceInfo"], "found in /app, /tool");
}

TEST(Spdx, LicensesThatAreQuotedAreInTheDocument) {
  const auto quoted = document()["hasExtractedLicensingInfos"];
  ASSERT_EQ(quoted.size(), 1u);
  EXPECT_EQ(quoted[0]["licenseId"], license_reference("GPLv3+"));
  EXPECT_EQ(quoted[0]["extractedText"], "GPLv3+");
}

TEST(Spdx, EveryRelationshipIsBetweenElementsThatExist) {
  const auto value = document();
  std::set<std::string> ids = {"SPDXRef-DOCUMENT"};
  for (const auto& package : value["packages"])
    EXPECT_TRUE(ids.insert(package["SPDXID"].get<std::string>()).second);
  size_t depends = 0;
  for (const auto& relation : value["relationships"]) {
    EXPECT_TRUE(ids.contains(relation["spdxElementId"].get<std::string>()));
    EXPECT_TRUE(ids.contains(relation["relatedSpdxElement"].get<std::string>()));
    depends += relation["relationshipType"] == "DEPENDS_ON";
  }
  EXPECT_EQ(depends, 1u);
}

}  // namespace
}  // namespace slipway::attest

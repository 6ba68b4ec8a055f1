#include "attest/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::attest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool wants(const std::string& path, uint32_t mode = 0644, uint64_t size = 100) {
  return Scanner::wants({.path = path, .type = tree::Type::File, .mode = mode, .size = size});
}

TEST(Scan, OnlyDatabasesAndLargeProgramsAreOpened) {
  EXPECT_TRUE(wants("var/lib/dpkg/status"));
  EXPECT_TRUE(wants("var/lib/dpkg/status.d/base"));
  EXPECT_FALSE(wants("var/lib/dpkg/status.d/base.md5sums"));
  EXPECT_FALSE(wants("var/lib/dpkg/status-old"));
  EXPECT_TRUE(wants("usr/lib/sysimage/rpm/Packages.db"));
  EXPECT_TRUE(wants("usr/lib/python3/dist-packages/x-1.dist-info/METADATA"));
  EXPECT_TRUE(wants("app/node_modules/@s/a/package.json"));
  EXPECT_FALSE(wants("app/node_modules/a/lib/package.json"));
  EXPECT_FALSE(wants("app/package.json"));
  EXPECT_FALSE(wants("app/node_modules/a/package-lock.json"));
  EXPECT_FALSE(wants("usr/bin/small", 0755));
  EXPECT_TRUE(wants("usr/bin/large", 0755, 10 << 20));
  EXPECT_FALSE(wants("usr/share/large", 0644, 10 << 20));
  EXPECT_FALSE(wants("etc/os-release", 0644, 0));
}

void take(Scanner& scanner, const std::string& path, const std::string& text) {
  MemoryBytes bytes(text);
  scanner.take(path, bytes);
}

TEST(Scan, PackagesOfTheDistributionSayWhichItIsInWhateverOrderFilesCome) {
  Scanner scanner;
  take(scanner, "var/lib/dpkg/status", "Package: a\nVersion: 1\nArchitecture: all\n");
  take(scanner, "etc/os-release", "ID=debian\nVERSION_ID=12\n");
  take(scanner, "usr/lib/os-release", "ID=other\n");
  const auto found = scanner.finish();
  ASSERT_EQ(found.packages.size(), 1u);
  EXPECT_EQ(found.packages[0].purl(), "pkg:deb/debian/a@1?arch=all&distro=debian-12");
}

TEST(Scan, OnePackageInTwoPlacesIsOnePackage) {
  Scanner scanner;
  take(scanner, "b/node_modules/x/package.json", R"({"name":"x","version":"1"})");
  take(scanner, "a/node_modules/x/package.json", R"({"name":"x","version":"1"})");
  const auto found = scanner.finish();
  ASSERT_EQ(found.packages.size(), 1u);
  EXPECT_THAT(found.packages[0].found_in,
              ElementsAre("a/node_modules/x/package.json", "b/node_modules/x/package.json"));
}

TEST(Scan, WhatCannotBeReadIsSaid) {
  Scanner scanner;
  take(scanner, "a/node_modules/x/package.json", "{");
  take(scanner, "var/lib/rpm/Packages", "anything");
  take(scanner, "var/lib/rpm/rpmdb.sqlite", "no database");
  EXPECT_THAT(
      scanner.finish().notes,
      ElementsAre(HasSubstr("/a/node_modules/x/package.json could not be read"),
                  HasSubstr("Berkeley DB"), HasSubstr("/var/lib/rpm/rpmdb.sqlite could not")));
}

}  // namespace
}  // namespace slipway::attest

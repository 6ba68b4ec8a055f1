#include "attest/package_databases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::attest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> urls(const std::vector<Package>& packages) {
  std::vector<std::string> out;
  for (const auto& package : packages) out.push_back(package.purl());
  return out;
}

TEST(OsRelease, ValuesLoseTheirQuotes) {
  const auto found = read_os_release(
      "# comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID='12'\n");
  EXPECT_EQ(found.name, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(found.qualifier(), "debian-12");
}

TEST(Dpkg, OnlyInstalledPackagesCount) {
  const auto found = read_dpkg_status(
      "Package: libc6\nStatus: install ok installed\nSource: glibc (2.36-9)\nVersion: "
      "2.36-9+deb12u8\nArchitecture: amd64\n"
      "Maintainer: GNU Libc Maintainers <libc@example.org>\nDescription: GNU C Library\n more "
      "text: with a colon\n\n"
      "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\nArchitecture: all\n",
      "var/lib/dpkg/status");
  EXPECT_THAT(urls(found),
              ElementsAre("pkg:deb/libc6@2.36-9%2Bdeb12u8?arch=amd64&upstream=glibc%402.36-9"));
  EXPECT_EQ(found[0].summary, "GNU C Library");
}

TEST(Dpkg, FilesOfDistrolessImagesHaveNoStatus) {
  EXPECT_THAT(urls(read_dpkg_status("Package: tzdata\nVersion: 2024a\nArchitecture: all\n",
                                    "var/lib/dpkg/status.d/tzdata")),
              ElementsAre("pkg:deb/tzdata@2024a?arch=all"));
}

TEST(Apk, KeysAreLettersWhoseCaseCounts) {
  const auto found = read_apk_installed(
      "C:Q1abc=\nP:musl-utils\nV:1.2.4-r2\nA:x86_64\nL:MIT AND "
      "BSD-2-Clause\no:musl\np:cmd:ldd=1\nm:A B "
      "<a@b.c>\n\nP:busybox\nV:1.36.1-r5\nA:x86_64\no:busybox",
      "lib/apk/db/installed");
  EXPECT_THAT(urls(found), ElementsAre("pkg:apk/musl-utils@1.2.4-r2?arch=x86_64&upstream=musl",
                                       "pkg:apk/busybox@1.36.1-r5?arch=x86_64"));
  EXPECT_EQ(found[0].license, "MIT AND BSD-2-Clause");
}

TEST(Python, NamesAreNormalizedAndTheBodyIsNotRead) {
  const auto found = read_python_metadata(
      "Metadata-Version: 2.1\r\nName: Foo.Bar_baz\r\nVersion: 1.0\r\nLicense: UNKNOWN\r\n"
      "Classifier: License :: OSI Approved :: MIT License\r\n\r\nVersion: 9\r\n",
      "x.dist-info/METADATA");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->purl(), "pkg:pypi/foo-bar-baz@1.0");
  EXPECT_EQ(found->license, "MIT License");
  EXPECT_FALSE(read_python_metadata("no metadata at all", "x"));
}

TEST(Npm, ScopesAreNamespacesAndLicensesMayBeObjects) {
  const auto found = read_package_json(
      R"({"name":"@a/b","version":"1.2.3","licenses":[{"type":"MIT"},{"type":"ISC"}]})", "p");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->purl(), "pkg:npm/%40a/b@1.2.3");
  EXPECT_EQ(found->license, "MIT OR ISC");
  EXPECT_FALSE(read_package_json(R"({"private":true})", "p"));
  EXPECT_THROW(read_package_json("{", "p"), Error);
}

TEST(Npm, LockFilesOfAllVersionsGiveWhatIsNotForDevelopment) {
  EXPECT_THAT(urls(read_package_lock(
                  R"({"packages":{"":{"name":"app","version":"1"},"node_modules/a":{"version":"2"},
      "node_modules/a/node_modules/@s/b":{"version":"3"},"node_modules/d":{"version":"4","dev":true},
      "node_modules/w":{"link":true,"version":"1"}}})",
                  "package-lock.json")),
              ElementsAre("pkg:npm/a@2", "pkg:npm/%40s/b@3"));
  EXPECT_THAT(urls(read_package_lock(
                  R"({"dependencies":{"a":{"version":"2","dependencies":{"b":{"version":"3"}}},
      "d":{"version":"4","dev":true}}})",
                  "package-lock.json")),
              ElementsAre("pkg:npm/a@2", "pkg:npm/b@3"));
}

std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string rpm_header(const std::vector<std::pair<uint32_t, std::string>>& texts, uint32_t epoch) {
  std::string index, data;
  for (const auto& [tag, text] : texts) {
    index += big_endian(tag) + big_endian(6) + big_endian(data.size()) + big_endian(1);
    data += text + '\0';
  }
  while (data.size() % 4) data += '\0';
  index += big_endian(1003) + big_endian(4) + big_endian(data.size()) + big_endian(1);
  data += big_endian(epoch);
  return big_endian(texts.size() + 1) + big_endian(data.size()) + index + data;
}

TEST(Rpm, AHeaderNamesThePackageWithItsEpoch) {
  const auto found = read_rpm_header(rpm_header({{1000, "bash"},
                                                 {1001, "5.2"},
                                                 {1002, "1.fc40"},
                                                 {1014, "GPL-3.0-or-later"},
                                                 {1022, "x86_64"}},
                                                2),
                                     "rpmdb.sqlite");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->purl(), "pkg:rpm/bash@5.2-1.fc40?arch=x86_64&epoch=2");
  EXPECT_EQ(found->license, "GPL-3.0-or-later");
  EXPECT_FALSE(read_rpm_header(rpm_header({{1000, "gpg-pubkey"}, {1001, "1"}}, 0), "x"));
}

TEST(Rpm, CutHeadersAreNoPackages) {
  const std::string whole = rpm_header({{1000, "bash"}, {1001, "5.2"}}, 0);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(read_rpm_header(whole.substr(0, size), "x")) << size;
}

std::string little_endian(uint32_t value) {
  std::string out = big_endian(value);
  return {out.rbegin(), out.rend()};
}

TEST(Rpm, NdbSlotsLeadToHeaders) {
  const std::string header = rpm_header({{1000, "zypper"}, {1001, "1.14"}, {1002, "1"}}, 0);
  std::string file = "RpmP" + little_endian(0) + little_endian(7) + little_endian(1);
  file.resize(32);
  file += "Slot" + little_endian(1) + little_endian(4096 / 16) + little_endian(20);
  while (file.size() < 4096) file += "Slot" + std::string(12, '\0');
  file += "BlbS" + little_endian(1) + little_endian(7) + little_endian(header.size()) + header;
  EXPECT_THAT(urls(read_rpm_ndb(file, "Packages.db")),
              ElementsAre("pkg:rpm/zypper@1.14-1?epoch=0"));
  EXPECT_THROW(read_rpm_ndb(file.substr(0, file.size() - 1), "Packages.db"), Error);
  EXPECT_THROW(read_rpm_ndb("RpmP", "Packages.db"), Error);
}

/// A 64-bit ELF file with one segment of data at 4096.
std::string elf_with(const std::string& data, uint32_t flags = 6) {
  std::string out = "\177ELF\2\1\1";
  out.resize(64);
  const auto put = [&](size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) out[at + i] = static_cast<char>(value >> 8 * i);
  };
  put(32, 64, 8);
  put(54, 56, 2);
  put(56, 1, 2);
  out.resize(4096);
  put(64, 1, 4);
  put(68, flags, 4);
  put(72, 4096, 8);
  put(96, data.size(), 8);
  return out + data;
}

std::string go_record(const std::string& go, const std::string& modules) {
  std::string out = "\xff Go buildinf:";
  out += '\x08';
  out += '\x02';
  out.resize(32);
  const auto put = [&](const std::string& text) {
    uint64_t size = text.size();
    for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
    out += static_cast<char>(size);
    out += text;
  };
  put(go);
  put(std::string(16, '0') + modules + std::string(16, '1'));
  return out;
}

std::vector<Package> go_packages(const std::string& bytes) {
  MemoryBytes file(bytes);
  return read_go_binary(file, "app");
}

constexpr const char* kModules =
    "path\texample.com/app/cmd\nmod\texample.com/app\t(devel)\t\ndep\tgithub.com/a/"
    "b\tv1.2.3\th1:x=\n"
    "dep\texample.com/old\tv1.0.0\n=>\texample.com/new\tv2.0.0\th1:y=\nbuild\tGOOS=linux\n";

TEST(GoBinary, ModulesReplacementsAndStandardLibraryAreListed) {
  const auto found =
      go_packages(elf_with(std::string(4096, 'x') + go_record("go1.22.1 X:none", kModules)));
  EXPECT_THAT(urls(found),
              ElementsAre("pkg:golang/example.com/app", "pkg:golang/github.com/a/b@v1.2.3",
                          "pkg:golang/example.com/new@v2.0.0", "pkg:golang/stdlib@1.22.1"));
  EXPECT_THAT(found[0].parts, SizeIs(3));
}

TEST(GoBinary, TheRecordMayCrossTheWindowInWhichItIsLookedFor) {
  for (const size_t before : {262128, 262144, 262112, 524272}) {
    const auto found =
        go_packages(elf_with(std::string(before, 'x') + go_record("go1.22.1", kModules)));
    EXPECT_THAT(found, SizeIs(4)) << before;
  }
}

TEST(GoBinary, ProgramsThatKnowTheMagicAreNotTakenForRecords) {
  const std::string fake = std::string("\xff Go buildinf:") + std::string(50, 'a');
  EXPECT_THAT(
      go_packages(elf_with(fake + std::string(6 + 10, 'x') + go_record("go1.22.1", kModules))),
      SizeIs(4));
  EXPECT_THAT(go_packages(elf_with(fake)), IsEmpty());
}

TEST(GoBinary, CodeSegmentsOldFormatsAndOtherFilesGiveNothing) {
  EXPECT_THAT(go_packages(elf_with(go_record("go1.22.1", kModules), 5)), IsEmpty());
  std::string old = go_record("go1.22.1", kModules);
  old[15] = 0;
  EXPECT_THAT(go_packages(elf_with(old)), IsEmpty());
  EXPECT_THAT(go_packages("#!/bin/sh\n"), IsEmpty());
  EXPECT_THAT(go_packages(""), IsEmpty());
}

TEST(GoBinary, CutFilesGiveNothing) {
  const std::string whole = elf_with(go_record("go1.22.1", kModules));
  for (size_t size = 0; size < whole.size(); size += size < 300 ? 1 : 97)
    EXPECT_THAT(go_packages(whole.substr(0, size)), IsEmpty()) << size;
}

}  // namespace
}  // namespace slipway::attest

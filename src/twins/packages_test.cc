// Owners of files, from a database that changes.
#include "twins/packages.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/fd.h"
#include "os/fs.h"

namespace slipway::twins {
namespace {

constexpr char kStatus[] =
    "Package: dash\nStatus: install ok installed\nArchitecture: arm64\nVersion: 0.5.12-2\nDescription: shell\n"
    " Package: not-a-field\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: arm64\nVersion: 1\n\n"
    "Package: libc6\nStatus: install ok installed\nArchitecture: arm64\nVersion: 2.36-9\n\n"
    "Package: libc6\nStatus: install ok installed\nArchitecture: armhf\nVersion: 2.36-8\n";

TEST(ParseStatus, TellsVersionsOfWhatIsThere) {
  const auto all = parse_status(kStatus, "arm64");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all.at("dash").version, "0.5.12-2");
  EXPECT_EQ(all.at("libc6").version, "2.36-9") << "the main architecture's";
}

TEST(ParseStatus, TheJournalWins) {
  const auto all = parse_status(std::string(kStatus) +
                                    "\n\nPackage: dash\nStatus: install ok unpacked\nArchitecture: arm64\nVersion: 0.6\n"
                                    "\n\nPackage: libc6\nStatus: purge ok not-installed\nArchitecture: arm64\n",
                                "arm64");
  EXPECT_EQ(all.at("dash").version, "0.6");
  EXPECT_FALSE(all.contains("libc6"));
}

class PackagesTest : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) {
    os::make_dirs(os::dir_name(temp.path() + "/" + path));
    os::write_file_atomic(temp.path() + "/" + path, text);
  }
  os::TempDir temp{"/var/tmp", "packages-test-"};
};

TEST_F(PackagesTest, FindsTheOwnerWithItsSum) {
  write("var/lib/dpkg/status", kStatus);
  write("var/lib/dpkg/info/dash.md5sums", "0123456789abcdef0123456789abcdef  bin/dash\n");
  write("var/lib/dpkg/info/libc6:arm64.md5sums", "ffffffffffffffffffffffffffffffff  lib/libc.so.6\n");
  const os::UniqueFd root = os::open_file(temp.path(), O_RDONLY | O_DIRECTORY);
  Packages packages(root.get(), "arm64");
  const auto owner = packages.owner("/usr/bin/dash");
  ASSERT_TRUE(owner) << "a package from before /bin was a link to /usr/bin";
  EXPECT_EQ(owner->package, "dash");
  EXPECT_EQ(owner->facts.version, "0.5.12-2");
  EXPECT_EQ(owner->md5, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(packages.owner("/usr/lib/libc.so.6")->package, "libc6");
  EXPECT_FALSE(packages.owner("/usr/bin/mine"));
}

TEST_F(PackagesTest, SeesWhatIsInstalledMeanwhile) {
  write("var/lib/dpkg/status", kStatus);
  write("var/lib/dpkg/info/dash.md5sums", "0123456789abcdef0123456789abcdef  bin/dash\n");
  const os::UniqueFd root = os::open_file(temp.path(), O_RDONLY | O_DIRECTORY);
  Packages packages(root.get(), "arm64");
  EXPECT_FALSE(packages.owner("/usr/bin/git"));
  write("var/lib/dpkg/info/git.md5sums", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  usr/bin/git\n");
  EXPECT_FALSE(packages.owner("/usr/bin/git")) << "no version is known of it yet";
  write("var/lib/dpkg/updates/0001", "Package: git\nStatus: install ok unpacked\nArchitecture: arm64\nVersion: 2.39\n");
  const auto owner = packages.owner("/usr/bin/git");
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->facts.version, "2.39");
}

TEST_F(PackagesTest, ARootWithoutDatabaseOwnsNothing) {
  const os::UniqueFd root = os::open_file(temp.path(), O_RDONLY | O_DIRECTORY);
  Packages packages(root.get(), "arm64");
  EXPECT_FALSE(packages.owner("/usr/bin/dash"));
  EXPECT_FALSE(packages.package("dash"));
}

TEST_F(PackagesTest, TheSumIsThatOfTheContent) {
  write("file", "abc");
  EXPECT_EQ(md5_of(os::open_file(temp.path() + "/file", O_RDONLY).get()), "900150983cd24fb0d6963f7d28e17f72");
}

}  // namespace
}  // namespace slipway::twins

// USER and --chown values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "exec/run.h"

namespace slipway::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kPasswd[] =
    "# a "
    "comment\nroot:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n5:x:50:60::/"
    "five:\nbroken\n";
constexpr char kGroup[] = "root:x:0:root\nwheel:x:10:root,app\napp:x:1001:\nstaff:x:20:app\n";

Ids user(std::string_view text) { return resolve_user(text, kPasswd, kGroup, false); }
Ids owner(std::string_view text) { return resolve_user(text, kPasswd, kGroup, true); }

TEST(ResolveUser, NobodyNamedIsRootWithItsGroups) {
  const Ids ids = user("");
  EXPECT_EQ(ids.uid, 0u);
  EXPECT_EQ(ids.gid, 0u);
  EXPECT_EQ(ids.home, "/root");
  EXPECT_THAT(ids.groups, ElementsAre(0, 10));
}

TEST(ResolveUser, NobodyNamedIsRootAlsoInAnEmptyImage) {
  const Ids ids = resolve_user("", "", "", false);
  EXPECT_EQ(ids.uid, 0u);
  EXPECT_EQ(ids.home, "/");
  EXPECT_EQ(resolve_user("root", "", "", false).uid, 0u);
  EXPECT_EQ(resolve_user("root:root", "", "", true).gid, 0u);
}

TEST(ResolveUser, ANameBringsGroupHomeAndSupplementaryGroups) {
  const Ids ids = user("app");
  EXPECT_EQ(ids.uid, 1000u);
  EXPECT_EQ(ids.gid, 1001u);
  EXPECT_EQ(ids.home, "/home/app");
  EXPECT_THAT(ids.groups, ElementsAre(10, 20));
}

TEST(ResolveUser, ANumberOfAKnownUserDoesToo) {
  EXPECT_EQ(user("1000").gid, 1001u);
  EXPECT_EQ(user("1000").home, "/home/app");
}

TEST(ResolveUser, AnUnknownNumberIsInRootsGroup) {
  const Ids ids = user("4711");
  EXPECT_EQ(ids.uid, 4711u);
  EXPECT_EQ(ids.gid, 0u);
  EXPECT_EQ(ids.home, "/");
  EXPECT_THAT(ids.groups, IsEmpty());
}

TEST(ResolveUser, ANameThatLooksLikeANumberIsANameFirst) { EXPECT_EQ(user("5").uid, 50u); }

TEST(ResolveUser, ANamedGroupReplacesAllOthers) {
  EXPECT_EQ(user("app:staff").gid, 20u);
  EXPECT_THAT(user("app:staff").groups, IsEmpty());
  EXPECT_EQ(user("app:77").gid, 77u);
  EXPECT_EQ(user(":staff").gid, 20u);
}

TEST(ResolveUser, AnOwnerGivenAsANumberHasTheSameGroup) {
  EXPECT_EQ(owner("4711").gid, 4711u);
  EXPECT_EQ(owner("1000").gid, 1000u);
  EXPECT_EQ(owner("app").gid, 1001u);
  EXPECT_EQ(owner("1000:staff").gid, 20u);
}

TEST(ResolveUser, NamesWhatIsMissing) {
  const auto message = [](std::string_view text) {
    try {
      user(text);
    } catch (const Error& error) {
      return error.message() + "; " + error.hint();
    }
    return std::string("no error");
  };
  EXPECT_EQ(message("ap"), "no user ap in /etc/passwd of the image; did you mean app?");
  EXPECT_EQ(message("app:staf"), "no group staf in /etc/group of the image; did you mean staff?");
  EXPECT_THAT(message("postgresql"), HasSubstr("no user postgresql in /etc/passwd of the image"));
  EXPECT_THAT(message("-1"), HasSubstr("no user -1"));
}

}  // namespace
}  // namespace slipway::exec

#include "layer/archive_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layer/test_support.h"

namespace slipway::layer {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using tree::Type;

std::string listing(ArchiveTree& archive) {
  std::string out;
  const tree::Tree tree = archive.finish();
  for (const tree::Entry& each : tree.entries()) {
    if (!out.empty()) out += ' ';
    out += each.path;
    if (each.type == Type::Dir) out += each.opaque ? "/!" : "/";
    if (each.type == Type::Whiteout) out += "-";
    if (each.type == Type::Hardlink || each.type == Type::Symlink) out += "=" + each.link;
    if (each.type == Type::File) out += ":" + each.content.bytes;
  }
  return out;
}

// Puts each entry where its name leads, as unpack() does.
ArchiveTree made_of(const std::vector<tree::Entry>& entries) {
  ArchiveTree archive("");
  for (tree::Entry each : entries) {
    each.path = archive.resolve(each.path);
    if (each.type == Type::Hardlink)
      archive.link(each.path, archive.resolve(each.link), false);
    else if (each.type == Type::Whiteout)
      archive.whiteout(each.path);
    else
      archive.put(each);
  }
  return archive;
}

std::string result_of(const std::vector<tree::Entry>& entries) {
  ArchiveTree archive = made_of(entries);
  return listing(archive);
}

TEST(SafePath, CleansHarmlessNames) {
  EXPECT_EQ(safe_path("/a//./b/", "x"), "a/b");
  EXPECT_EQ(safe_path("./", "x"), "");
  EXPECT_EQ(safe_path("/", "x"), "");
  EXPECT_EQ(safe_path("..a/b..", "x"), "..a/b..");
}

TEST(SafePath, RefusesNamesThatLeadOutOrCannotBe) {
  for (const std::string& name :
       {std::string(".."), std::string("a/../b"), std::string("/.."), std::string("a/.."),
        std::string("a\0b", 3), std::string(256, 'n'), std::string(5000, '/')})
    EXPECT_THAT(error_of([&] { safe_path(name, "the entry"); }), HasSubstr("the entry")) << name;
}

TEST(ArchiveTree, LaterEntriesWin) {
  EXPECT_EQ(result_of({file("a", "1"), file("a", "2")}), "a:2");
  EXPECT_EQ(result_of({dir("a"), file("a/b", "1"), dir("a")}), "a/ a/b:1");
  EXPECT_EQ(result_of({dir("a"), file("a/b", "1"), file("a-b", "3"), file("a", "2")}), "a:2 a-b:3");
  EXPECT_EQ(result_of({file("a/b/c", "1"), file("a", "2")}), "a:2");
  EXPECT_EQ(result_of({file("a", "1"), dir("a"), file("a/b", "2")}), "a/ a/b:2");
}

TEST(ArchiveTree, LinksInParentsAreFollowedInsideTheRoot) {
  EXPECT_EQ(result_of({symlink("bin", "usr/bin"), file("bin/sh", "1")}),
            "bin=usr/bin usr/bin/sh:1");
  EXPECT_EQ(result_of({symlink("bin", "/usr/bin"), file("bin/sh", "1")}),
            "bin=/usr/bin usr/bin/sh:1");
  EXPECT_EQ(result_of({symlink("out", "../../../etc"), file("out/passwd", "1")}),
            "etc/passwd:1 out=../../../etc");
  EXPECT_EQ(result_of({dir("d"), symlink("d/l", ".."), file("d/l/d/x", "1")}), "d/ d/l=.. d/x:1");
  EXPECT_EQ(result_of({symlink("a", "b"), symlink("b", "c"), file("a/x", "1")}), "a=b b=c c/x:1");
}

TEST(ArchiveTree, ALinkItselfIsReplacedNotFollowed) {
  EXPECT_EQ(result_of({symlink("a", "b"), file("a", "1")}), "a:1");
  EXPECT_EQ(result_of({symlink("a", "b"), dir("a"), file("a/x", "1")}), "a/ a/x:1");
  EXPECT_EQ(result_of({symlink("a", "b"), file("a/x", "1"), dir("a"), file("a/y", "2")}),
            "a/ a/y:2 b/x:1");
}

TEST(ArchiveTree, LinksInACircleAreRefused) {
  EXPECT_THROW(result_of({symlink("a", "b"), symlink("b", "a"), file("a/x", "")}), Error);
  EXPECT_THROW(result_of({symlink("a", "a/a"), file("a/x", "")}), Error);
}

TEST(ArchiveTree, NothingGoesBelowAFile) {
  EXPECT_THAT(error_of([] { result_of({file("a", ""), file("a/b/c", "")}); }),
              HasSubstr("a is not a directory"));
  EXPECT_THROW(result_of({file("x", ""), symlink("l", "x"), file("l/b", "")}), Error);
}

TEST(ArchiveTree, TheParentRememberedIsForgottenWhenItGoes) {
  ArchiveTree archive("");
  EXPECT_EQ(archive.resolve("a/skipped"), "a/skipped");
  archive.put(file("a", ""));
  EXPECT_THROW(archive.resolve("a/b"), Error);
}

TEST(ArchiveTree, HardLinksShareAFileUnderTheFirstOfItsNames) {
  EXPECT_EQ(result_of({file("m", "1"), hardlink("z", "m"), hardlink("a", "z")}), "a:1 m=a z=a");
  EXPECT_EQ(result_of({symlink("s", "t"), hardlink("t2", "s")}), "s=t t2=s");
}

TEST(ArchiveTree, AHardLinkOutlivesTheNameItWasMadeFrom) {
  EXPECT_EQ(result_of({file("a", "1"), hardlink("b", "a"), hardlink("c", "a"), file("a", "2")}),
            "a:2 b:1 c=b");
  EXPECT_EQ(result_of({file("d/a", "1"), hardlink("b", "d/a"), file("d", "2")}), "b:1 d:2");
  EXPECT_EQ(result_of({file("a", "1"), hardlink("b", "a"), file("b", "2")}), "a:1 b:2");
}

TEST(ArchiveTree, HardLinksThatMeanNothingAreRefused) {
  EXPECT_THROW(result_of({dir("d"), hardlink("a", "d")}), Error);
  EXPECT_THROW(result_of({hardlink("a", "a")}), Error);
  EXPECT_THROW(result_of({dir("d"), file("d/f", ""), hardlink("d", "d/f")}), Error);
  EXPECT_EQ(result_of({file("a", "1"), hardlink("a", "a")}), "a:1");
  ArchiveTree archive("");
  EXPECT_THAT(error_of([&] { archive.link("a", "missing", true); }),
              HasSubstr("hard link to missing"));
}

TEST(ArchiveTree, AHardLinkMayLeadToALowerLayer) {
  EXPECT_EQ(result_of({hardlink("a", "below")}), "a=below");
}

TEST(ArchiveTree, WhiteoutsMeanTheLayersBelowInWhateverOrderTheyCome) {
  EXPECT_EQ(result_of({gone("a")}), "a-");
  EXPECT_EQ(result_of({gone("a"), file("a", "1")}), "a:1");
  EXPECT_EQ(result_of({file("a", "1"), gone("a")}), "a:1");
  EXPECT_EQ(result_of({gone("a"), dir("a"), file("a/b", "1")}), "a/! a/b:1");
  EXPECT_EQ(result_of({dir("a"), file("a/b", "1"), gone("a")}), "a/! a/b:1");
  EXPECT_EQ(result_of({gone("a"), file("a/b", "1")}), "a/! a/b:1");
  EXPECT_EQ(result_of({file("a/b", "1"), gone("a")}), "a/! a/b:1");
}

TEST(ArchiveTree, OpaqueMarksMayComeBeforeTheirDirectory) {
  ArchiveTree archive("");
  archive.opaque(archive.resolve("a"));
  archive.put(dir("a", 0700));
  const tree::Tree tree = archive.finish();
  EXPECT_TRUE(tree.find("a")->opaque);
  EXPECT_EQ(tree.find("a")->mode, 0700u);
}

TEST(ArchiveTree, FilesKnowWhereTheyAre) {
  ArchiveTree archive("/target");
  archive.put(file("b", "1"));
  archive.link("a", "b", true);
  const tree::Tree tree = archive.finish();
  EXPECT_EQ(tree.find("a")->content.disk_path, "/target/a");
}

TEST(ArchiveTree, AttributesWithoutEndAreRefused) {
  ArchiveTree archive("");
  tree::Entry huge = file("f", "");
  huge.xattrs = {{"user.x", std::string(1 << 20, 'x')}};
  const std::string text = error_of([&] {
    for (int i = 0; i < 300; ++i) {
      huge.path = fmt::format("f{}", i % 10);
      archive.put(huge);
    }
  });
  EXPECT_THAT(text, HasSubstr("256 MiB"));
}

}  // namespace
}  // namespace slipway::layer

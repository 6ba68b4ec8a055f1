#include "tree/tree.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace slipway::tree {
namespace {

Entry entry(std::string path, Type type = Type::File) {
  Entry made;
  made.path = std::move(path);
  made.type = type;
  made.mode = type == Type::Dir ? 0755 : 0644;
  return made;
}

Entry file(std::string path, std::string bytes) {
  Entry made = entry(std::move(path));
  made.size = bytes.size();
  made.content.bytes = std::move(bytes);
  return made;
}

std::vector<std::string> paths(std::span<const Entry> entries) {
  std::vector<std::string> out;
  for (const Entry& each : entries) out.push_back(each.path);
  return out;
}

using Paths = std::vector<std::string>;

TEST(Tree, SortsADirectoryDirectlyBeforeWhatIsBelowIt) {
  const Tree tree({entry("a.b"), entry("a/c"), entry("a-b"), entry("a", Type::Dir), entry("a/b/c"),
                   entry("a\x01"), entry("a/b", Type::Dir), entry("\xc3\xa4")});
  EXPECT_EQ(paths(tree.entries()),
            (Paths{"a", "a/b", "a/b/c", "a/c", "a\x01", "a-b", "a.b", "\xc3\xa4"}));
}

TEST(Tree, PathOrderIsAStrictOrder) {
  const Paths names{"", "a", "a/b", "a/b/c", "a/bc", "a b", "a!", "ab", "b"};
  for (size_t i = 0; i < names.size(); ++i)
    for (size_t j = 0; j < names.size(); ++j)
      EXPECT_EQ(path_less(names[i], names[j]), i < j) << names[i] << " " << names[j];
}

TEST(Tree, TheLaterOfTwoEntriesWins) {
  const Tree tree({file("b", "old"), entry("a"), file("b", "newer")});
  ASSERT_EQ(tree.entries().size(), 2u);
  EXPECT_EQ(tree.find("b")->content.bytes, "newer");
}

TEST(Tree, ADirectoryOverAnOpaqueOneStaysOpaque) {
  Entry opaque = entry("d", Type::Dir);
  opaque.opaque = true;
  EXPECT_TRUE(Tree({opaque, entry("d", Type::Dir)}).find("d")->opaque);
  EXPECT_TRUE(Tree({entry("d", Type::Dir), opaque}).find("d")->opaque);
  EXPECT_FALSE(Tree({opaque, entry("d")}).find("d")->opaque);
}

TEST(Tree, FindsOnlyWhatIsThere) {
  const Tree tree({entry("a", Type::Dir), entry("a/b"), entry("a/bc"), entry("ab")});
  EXPECT_EQ(tree.find("a/b")->path, "a/b");
  EXPECT_EQ(tree.find("a/"), nullptr);
  EXPECT_EQ(tree.find("a/b/c"), nullptr);
  EXPECT_EQ(tree.find(""), nullptr);
  EXPECT_EQ(Tree().find("a"), nullptr);
}

TEST(Tree, BelowIsStrictlyBelowEvenWithoutAnEntryForTheDirectory) {
  const Tree tree({entry("", Type::Dir), entry("a", Type::Dir), entry("a/b"), entry("a/b.c"),
                   entry("a.b"), entry("d/e/f")});
  EXPECT_EQ(paths(tree.below("a")), (Paths{"a/b", "a/b.c"}));
  EXPECT_EQ(paths(tree.below("d")), (Paths{"d/e/f"}));
  EXPECT_EQ(paths(tree.below("a/b")), Paths{});
  EXPECT_EQ(paths(tree.below("")), (Paths{"a", "a/b", "a/b.c", "a.b", "d/e/f"}));
}

TEST(TreeDigest, IgnoresTimesAndPlacesOnDisk) {
  Entry on_disk = file("a", "");
  on_disk.size = 3;
  hash::Sha256 hasher;
  hasher.update("abc");
  on_disk.content.digest = hasher.finish();
  on_disk.content.disk_path = "/somewhere";
  on_disk.mtime_ns = 12345;
  EXPECT_EQ(tree_digest(Tree({on_disk})), tree_digest(Tree({file("a", "abc")})));
}

TEST(TreeDigest, SeesEverythingElse) {
  const Entry base = file("a", "abc");
  const auto digest = [](const Entry& one) { return tree_digest(Tree({one})); };
  std::vector<Entry> others(8, base);
  others[0].path = "b";
  others[1].mode = 0600;
  others[2].uid = 1;
  others[3].gid = 1;
  others[4].content.bytes = "abd";
  others[5].xattrs = {{"user.a", "b"}};
  others[6].type = Type::Hardlink;
  others[6].link = "x";
  others[7].type = Type::Symlink;
  others[7].link = "x";
  std::vector<oci::Digest> seen{digest(base)};
  for (const Entry& other : others) seen.push_back(digest(other));
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());

  Entry dir = entry("a", Type::Dir), opaque = dir;
  opaque.opaque = true;
  EXPECT_NE(digest(dir), digest(opaque));
  Entry null = entry("a", Type::CharDevice), zero = null;
  null.device_minor = 3;
  zero.device_minor = 5;
  EXPECT_NE(digest(null), digest(zero));
}

TEST(TreeDigest, FieldsCannotRunIntoEachOther) {
  Entry one = file("a", "x"), other = one;
  one.xattrs = {{"user.a", "bc"}};
  other.xattrs = {{"user.ab", "c"}};
  EXPECT_NE(tree_digest(Tree({one})), tree_digest(Tree({other})));
}

Tree everything() {
  Entry dir = entry("d", Type::Dir), on_disk = entry("d/on disk"),
        link = entry("d/sym", Type::Symlink), hard = entry("d/zhard", Type::Hardlink),
        device = entry("dev", Type::BlockDevice), gone = entry("gone", Type::Whiteout);
  dir.opaque = true;
  dir.xattrs = {{"security.capability", std::string("\0\1\2", 3)}, {"user.x", ""}};
  on_disk.size = uint64_t{1} << 40;
  on_disk.mtime_ns = -1;
  on_disk.uid = 4294967294u;
  on_disk.content.disk_path = "/store/snapshots/1/on disk";
  on_disk.content.digest = hash::Sha256Sum{1, 2, 3};
  link.link = "../a";
  hard.link = "d/on disk";
  device.device_major = 8;
  device.device_minor = 1;
  Entry other = entry("d/other");
  other.content.disk_path = "/store/snapshots/1/other";
  return Tree({entry("", Type::Dir), dir, on_disk, link, hard, other, device, gone,
               file("text", std::string("a\0b", 3))});
}

void expect_equal(const Tree& a, const Tree& b) {
  ASSERT_EQ(a.entries().size(), b.entries().size());
  for (size_t i = 0; i < a.entries().size(); ++i) {
    const Entry &x = a.entries()[i], &y = b.entries()[i];
    EXPECT_EQ(std::tie(x.path, x.type, x.opaque, x.mode, x.uid, x.gid, x.size, x.mtime_ns, x.link,
                       x.device_major, x.device_minor, x.xattrs, x.content.disk_path,
                       x.content.bytes, x.content.digest),
              std::tie(y.path, y.type, y.opaque, y.mode, y.uid, y.gid, y.size, y.mtime_ns, y.link,
                       y.device_major, y.device_minor, y.xattrs, y.content.disk_path,
                       y.content.bytes, y.content.digest));
  }
}

TEST(Serialize, ReadsBackExactly) {
  expect_equal(deserialize(serialize(everything()), "x"), everything());
  expect_equal(deserialize(serialize(Tree()), "x"), Tree());
}

TEST(Serialize, RefusesEveryDamage) {
  const std::string good = serialize(everything());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x41);
    EXPECT_THROW(deserialize(bad, "x"), Error) << i;
    EXPECT_THROW(deserialize(good.substr(0, i), "x"), Error) << i;
  }
  EXPECT_THROW(deserialize(good + "x", "x"), Error);
}

TEST(Serialize, NamesTheDamagedRecord) {
  try {
    deserialize("something else", "record 7");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "record 7");
  }
}

// Wrong content under a right checksum must not get past the reader either.
TEST(Serialize, SurvivesAnyBodyWithAValidChecksum) {
  const std::string good = serialize(everything());
  const std::string body = good.substr(0, good.size() - 32);
  size_t refused = 0, tried = 0;
  for (size_t i = 8; i < body.size(); ++i) {
    for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string bad = body;
      bad[i] = static_cast<char>(value);
      hash::Sha256 hasher;
      hasher.update(bad);
      const auto sum = hasher.finish();
      bad.append(sum.begin(), sum.end());
      ++tried;
      try {
        const Tree tree = deserialize(bad, "x");
        for (size_t j = 1; j < tree.entries().size(); ++j)
          ASSERT_TRUE(path_less(tree.entries()[j - 1].path, tree.entries()[j].path));
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, tried);
}

}  // namespace
}  // namespace slipway::tree

#include "tree/view.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::tree {
namespace {

using Layer = std::vector<Entry>;
using Names = std::vector<std::string>;

Entry entry(std::string path, Type type) {
  Entry made;
  made.path = std::move(path);
  made.type = type;
  made.mode = type == Type::Dir ? 0700 : 0644;
  return made;
}
Entry file(std::string path, std::string bytes = "x") {
  Entry made = entry(std::move(path), Type::File);
  made.size = bytes.size();
  made.content.bytes = std::move(bytes);
  return made;
}
Entry dir(std::string path) { return entry(std::move(path), Type::Dir); }
Entry opaque(std::string path) {
  Entry made = dir(std::move(path));
  made.opaque = true;
  return made;
}
Entry gone(std::string path) { return entry(std::move(path), Type::Whiteout); }
Entry link(std::string path, std::string to) {
  Entry made = entry(std::move(path), Type::Symlink);
  made.link = std::move(to);
  return made;
}
Entry hard(std::string path, std::string to) {
  Entry made = entry(std::move(path), Type::Hardlink);
  made.link = std::move(to);
  return made;
}

View stack(std::vector<Layer> layers) {
  std::vector<std::shared_ptr<const Tree>> trees;
  for (Layer& layer : layers) trees.push_back(std::make_shared<const Tree>(std::move(layer)));
  return View(std::move(trees));
}

Names flat(const View& view, std::string_view path = "") {
  Names out;
  const Tree all = view.flatten(path);
  for (const Entry& each : all.entries()) out.push_back(each.path);
  return out;
}

// "" if absent, "/" for a directory, "->target" for a symlink, else the bytes.
std::string at(const View& view, std::string_view path) {
  const auto found = view.lookup(path);
  if (!found) return "";
  EXPECT_EQ(found->path, path);
  if (found->type == Type::Dir) return "/";
  if (found->type == Type::Symlink) return "->" + found->link;
  return found->content.bytes;
}

TEST(View, TheTopmostEntryWins) {
  const View view = stack(
      {{dir("a"), file("a/b", "1"), file("a/c", "1")}, {file("a/b", "2")}, {file("a/d", "3")}});
  EXPECT_EQ(at(view, "a/b"), "2");
  EXPECT_EQ(at(view, "a/c"), "1");
  EXPECT_EQ(at(view, "a/d"), "3");
  EXPECT_EQ(at(view, "a"), "/");
  EXPECT_EQ(view.lookup("a")->mode, 0700u);
  EXPECT_EQ(at(view, "a/e"), "");
  EXPECT_EQ(view.children("a"), (Names{"b", "c", "d"}));
}

TEST(View, TheRootAlwaysExists) {
  EXPECT_EQ(at(stack({}), ""), "/");
  EXPECT_EQ(stack({}).lookup("")->mode, 0755u);
  EXPECT_EQ(stack({{dir("")}}).lookup("")->mode, 0700u);
  EXPECT_TRUE(stack({}).flatten().empty());
  EXPECT_EQ(flat(stack({{dir("")}})), Names{""});
}

TEST(View, AWhiteoutHidesOnlyTheLayersBelow) {
  const View view = stack({{dir("a"), file("a/b", "1"), dir("a/d"), file("a/d/e")},
                           {gone("a/b"), gone("a/d")},
                           {file("a/d/f", "3")}});
  EXPECT_EQ(at(view, "a/b"), "");
  EXPECT_EQ(at(view, "a/d/e"), "");
  EXPECT_EQ(at(view, "a/d/f"), "3");
  EXPECT_EQ(at(view, "a/d"), "/");
  EXPECT_EQ(view.lookup("a/d")->mode, 0755u)
      << "the whiteout took the old directory away, this one is implied";
  EXPECT_EQ(view.children("a"), Names{"d"});
  EXPECT_EQ(flat(view), (Names{"a", "a/d", "a/d/f"}));
}

TEST(View, AWhiteoutOfAParentHidesEverythingUnderIt) {
  const View view = stack({{file("a/b/c")}, {gone("a")}});
  EXPECT_EQ(at(view, "a"), "");
  EXPECT_EQ(at(view, "a/b/c"), "");
  EXPECT_TRUE(view.children("").empty());
  EXPECT_TRUE(view.flatten().empty());
}

TEST(View, AWhiteoutWithNewContentInTheSameLayerIsAFreshDirectory) {
  const View view = stack({{dir("a"), file("a/old")}, {gone("a"), file("a/new", "2")}});
  EXPECT_EQ(at(view, "a/old"), "");
  EXPECT_EQ(at(view, "a/new"), "2");
  EXPECT_EQ(flat(view), (Names{"a", "a/new"}));
}

TEST(View, AnOpaqueDirectoryHidesWhatIsBelowItInAllLowerLayers) {
  const View view =
      stack({{dir("a"), file("a/1")}, {file("a/2")}, {opaque("a"), file("a/3")}, {file("a/4")}});
  EXPECT_EQ(view.children("a"), (Names{"3", "4"}));
  EXPECT_EQ(at(view, "a/1"), "");
  EXPECT_EQ(at(view, "a/2"), "");
  EXPECT_EQ(flat(view), (Names{"a", "a/3", "a/4"}));
  EXPECT_FALSE(view.lookup("b"));
  const Tree all = view.flatten();
  EXPECT_FALSE(all.find("a")->opaque);
}

TEST(View, AnOpaqueRootHidesEveryLayerBelow) {
  const View view = stack({{file("a")}, {opaque(""), file("b")}});
  EXPECT_EQ(view.children(""), Names{"b"});
  EXPECT_EQ(at(view, "a"), "");
  EXPECT_EQ(flat(view), (Names{"", "b"}));
}

TEST(View, AFileOverADirectoryHidesItAndTheOtherWayRound) {
  const View view = stack(
      {{dir("a"), file("a/b"), file("f", "1")}, {file("a", "2"), dir("f")}, {file("f/g", "3")}});
  EXPECT_EQ(at(view, "a"), "2");
  EXPECT_EQ(at(view, "a/b"), "");
  EXPECT_TRUE(view.children("a").empty());
  EXPECT_EQ(at(view, "f"), "/");
  EXPECT_EQ(flat(view), (Names{"a", "f", "f/g"}));
}

TEST(View, SomethingBelowAFileOfALowerLayerMakesItADirectory) {
  const View view = stack({{file("f", "1")}, {file("f/g", "2")}});
  EXPECT_EQ(at(view, "f"), "/");
  EXPECT_EQ(flat(view), (Names{"f", "f/g"}));
  EXPECT_EQ(view.children(""), Names{"f"});
}

TEST(View, ADirectoryDeletedAndMadeAgainIsEmpty) {
  const View view = stack({{dir("a"), file("a/b")}, {gone("a")}, {dir("a")}});
  EXPECT_EQ(at(view, "a"), "/");
  EXPECT_TRUE(view.children("a").empty());
  EXPECT_EQ(flat(view), Names{"a"});
}

TEST(View, NamesThatOnlyBeginLikeADirectoryAreNotInIt) {
  const View view = stack({{dir("a"), file("a/b"), file("a-b"), file("a.b")}, {gone("a")}});
  EXPECT_EQ(view.children(""), (Names{"a-b", "a.b"}));
  EXPECT_EQ(flat(view), (Names{"a-b", "a.b"}));
}

TEST(View, FlattenTakesASelectionWithFullPaths) {
  const View view = stack({{dir("a"), dir("a/b"), file("a/b/c"), file("a/x")}, {file("a/b/d")}});
  EXPECT_EQ(flat(view, "a/b"), (Names{"a/b", "a/b/c", "a/b/d"}));
  EXPECT_EQ(flat(view, "a/x"), Names{"a/x"});
  EXPECT_TRUE(view.flatten("nothing").empty());
}

TEST(View, AHardLinkIsLookedUpAsItsFile) {
  const View view = stack({{file("z", "same"), hard("b", "z"), hard("c", "b")}});
  EXPECT_EQ(at(view, "b"), "same");
  EXPECT_EQ(view.lookup("c")->type, Type::File);
  EXPECT_EQ(view.lookup("c")->size, 4u);
  const Tree all = view.flatten();
  EXPECT_EQ(all.find("b")->type, Type::Hardlink);
  EXPECT_EQ(all.find("c")->link, "z");
}

TEST(View, AHardLinkKeepsItsFileWhenTheFirstNameIsReplacedAbove) {
  const View view = stack({{file("a", "old"), hard("b", "a"), hard("c", "a")}, {file("a", "new")}});
  EXPECT_EQ(at(view, "b"), "old");
  const Tree all = view.flatten();
  EXPECT_EQ(all.find("b")->type, Type::File);
  EXPECT_EQ(all.find("b")->content.bytes, "old");
  EXPECT_EQ(all.find("c")->link, "b");
}

TEST(View, HardLinksOutOfTheSelectionBecomeOneFile) {
  const View view =
      stack({{dir("in"), hard("in/a", "out"), hard("in/b", "out"), file("out", "bytes")}});
  const Tree part = view.flatten("in");
  EXPECT_EQ(part.find("in/a")->content.bytes, "bytes");
  EXPECT_EQ(part.find("in/b")->type, Type::Hardlink);
  EXPECT_EQ(part.find("in/b")->link, "in/a");
}

TEST(View, AHardLinkMayNameAFileOfALowerLayer) {
  const View view = stack({{file("a", "1")}, {hard("b", "a")}});
  EXPECT_EQ(at(view, "b"), "1");
  EXPECT_EQ(view.flatten().find("b")->link, "a");
}

TEST(View, HardLinksInACircleAreNotThere) {
  const View view = stack(
      {{hard("a", "b"), hard("b", "a"), hard("self", "self"), dir("d"), hard("to-dir", "d")}});
  EXPECT_FALSE(view.lookup("a"));
  EXPECT_FALSE(view.lookup("self"));
  EXPECT_FALSE(view.lookup("to-dir"));
  EXPECT_EQ(flat(view), Names{"d"});
}

TEST(View, ResolveFollowsLinksInEveryComponent) {
  const View view = stack({{link("bin", "usr/bin"), dir("usr"), dir("usr/bin"), file("usr/bin/sh"),
                            link("usr/bin/abs", "/etc/x"), link("usr/bin/up", "../lib")}});
  EXPECT_EQ(view.resolve("bin/sh"), "usr/bin/sh");
  EXPECT_EQ(view.resolve("bin"), "usr/bin");
  EXPECT_EQ(view.resolve("bin", false), "bin");
  EXPECT_EQ(view.resolve("bin/abs"), "etc/x");
  EXPECT_EQ(view.resolve("bin/abs", false), "usr/bin/abs");
  EXPECT_EQ(view.resolve("bin/abs/y", false), "etc/x/y");
  EXPECT_EQ(view.resolve("bin/up/z"), "usr/lib/z");
  EXPECT_EQ(view.resolve("/bin//./sh/"), "usr/bin/sh");
}

TEST(View, ResolveNeverLeavesTheRoot) {
  const View view =
      stack({{link("out", "../../../etc"), dir("a"), link("a/up", ".."), link("a/root", "/")}});
  EXPECT_EQ(view.resolve("../../x"), "x");
  EXPECT_EQ(view.resolve(".."), "");
  EXPECT_EQ(view.resolve("out/passwd"), "etc/passwd");
  EXPECT_EQ(view.resolve("a/up/up/up/../../b"), "b");
  EXPECT_EQ(view.resolve("a/root/a/root"), "");
  EXPECT_EQ(view.resolve("not/there/../x"), "not/x");
}

TEST(View, ResolveStopsAtLinkLoops) {
  const View view = stack({{link("a", "b"), link("b", "a"), link("self", "self/x")}});
  EXPECT_THROW(view.resolve("a"), Error);
  EXPECT_THROW(view.resolve("self"), Error);
  EXPECT_EQ(view.resolve("a", false), "a");
}

TEST(View, ResolveSeesTheLinkThatTheTopmostLayerHas) {
  const View view = stack(
      {{link("current", "v1")}, {link("current", "v2")}, {gone("current")}, {dir("current")}});
  EXPECT_EQ(view.resolve("current/x"), "current/x");
}

// flatten() against lookup() and children(), over stacks made by a fixed little generator.
TEST(View, FlattenLookupAndChildrenAgreeOnRandomStacks) {
  uint32_t state = 1;
  const auto next = [&](uint32_t limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<Layer> layers(1 + next(4));
    for (size_t i = 0; i < layers.size(); ++i)
      for (uint32_t n = next(9); n > 0; --n) {
        std::string path(1, static_cast<char>('a' + next(3)));
        for (uint32_t depth = next(3); depth > 0; --depth)
          path += fmt::format("/{}", static_cast<char>('a' + next(3)));
        switch (next(5)) {
          case 0:
            layers[i].push_back(file(path, fmt::format("{} {}", i, path)));
            break;
          case 1:
            layers[i].push_back(gone(path));
            break;
          case 2:
            layers[i].push_back(opaque(path));
            break;
          default:
            layers[i].push_back(dir(path));
            break;
        }
      }
    // Within one layer nothing may stand below a file, or the layer would be no file system.
    for (Layer& layer : layers) {
      const Tree sorted(layer);
      Layer valid;
      for (const Entry& each : sorted.entries()) {
        bool under_file = false;
        for (const Entry& other : sorted.entries())
          under_file |= other.type == Type::File && each.path.starts_with(other.path + "/");
        if (!under_file) valid.push_back(each);
      }
      layer = valid;
    }
    const View view = stack(layers);
    const Tree all = view.flatten();
    Names walked;
    const auto walk = [&](const auto& self, const std::string& path) -> void {
      for (const std::string& name : view.children(path)) {
        const std::string child = path.empty() ? name : path + "/" + name;
        walked.push_back(child);
        const auto found = view.lookup(child);
        ASSERT_TRUE(found) << child;
        const Entry* same = all.find(child);
        ASSERT_TRUE(same) << child;
        EXPECT_EQ(found->type, same->type) << child;
        EXPECT_EQ(found->content.bytes, same->content.bytes) << child;
        self(self, child);
      }
    };
    walk(walk, "");
    EXPECT_EQ(walked, flat(view)) << "round " << round;
  }
}

}  // namespace
}  // namespace slipway::tree

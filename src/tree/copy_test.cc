#include "tree/copy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::tree {
namespace {

Entry dir(std::string path, uint32_t mode = 0755) {
  Entry e;
  e.path = std::move(path);
  e.type = Type::Dir;
  e.mode = mode;
  return e;
}

Entry file(std::string path, std::string bytes, uint32_t mode = 0644) {
  Entry e;
  e.path = std::move(path);
  e.mode = mode;
  e.size = bytes.size();
  e.content.bytes = std::move(bytes);
  return e;
}

Entry link(std::string path, std::string target) {
  Entry e;
  e.path = std::move(path);
  e.type = Type::Symlink;
  e.mode = 0777;
  e.link = std::move(target);
  return e;
}

View view(std::vector<Entry> entries) { return View({std::make_shared<const Tree>(std::move(entries))}); }

std::string names(const Tree& tree) {
  std::string out;
  for (const auto& e : tree.entries()) out += e.path + (e.type == Type::Dir ? "/ " : e.type == Type::Symlink ? "@ " : " ");
  return out;
}

/// COPY `pattern` `dest` from `source` onto `base`, as names.
std::string copied(const View& source, const std::string& pattern, const std::string& dest, const View& base = View({}),
                   const std::vector<std::string>& excludes = {}) {
  const auto picks = pick(source, pattern, false, dockerfile::IgnoreFile::from_patterns(excludes));
  Placement how;
  how.dest = dest;
  return names(place(base, picks, how));
}

const View& app() {
  static const View v = view({dir(""), dir("src"), file("src/a.c", "a"), file("src/b.h", "b"), dir("src/sub", 0700),
                              file("src/sub/c.c", "c"), file("go.mod", "m"), file("go.sum", "s"), link("latest", "src"),
                              link("one", "src/a.c")});
  return v;
}

TEST(Copy, FileTakesTheNameOfTheDestination) { EXPECT_EQ(copied(app(), "go.mod", "/app/module"), "app/ app/module "); }

TEST(Copy, FileGoesIntoADirectoryThatIsNamedOrExists) {
  EXPECT_EQ(copied(app(), "go.mod", "/app/"), "app/ app/go.mod ");
  EXPECT_EQ(copied(app(), "go.mod", "/app", view({dir("app")})), "app/go.mod ");
  EXPECT_EQ(copied(app(), "go.mod", "/"), "go.mod ");
}

TEST(Copy, DirectoryGivesItsContents) {
  EXPECT_EQ(copied(app(), "src", "/x"), "x/ x/a.c x/b.h x/sub/ x/sub/c.c ");
  EXPECT_EQ(copied(app(), "", "/"), "go.mod go.sum latest@ one@ src/ src/a.c src/b.h src/sub/ src/sub/c.c ");
}

TEST(Copy, EverythingOfAnArchiveWithoutAnEntryForItsRootMakesTheDirectory) {
  const View archive = view({file("a", "a"), file("b/c", "c")});
  EXPECT_EQ(copied(archive, "", "/x"), "x/ x/a x/b/ x/b/c ");
  EXPECT_EQ(copied(view({file("a", "a")}), ".", "/x/"), "x/ x/a ");
  EXPECT_EQ(copied(View({}), "", "/x"), "x/ ");
  EXPECT_EQ(copied(archive, "", "/x", View({}), {"a"}), "x/ x/b/ x/b/c ");
}

TEST(Copy, TopDirectoryIsPlainAndSubdirectoriesKeepTheirMode) {
  Placement how;
  how.dest = "/x/";
  const Tree tree = place(View({}), pick(app(), "src", false, {}), how);
  EXPECT_EQ(tree.find("x")->mode, 0755u);
  EXPECT_EQ(tree.find("x/sub")->mode, 0700u);
}

TEST(Copy, WildcardsMatchWithinOneElement) {
  EXPECT_EQ(copied(app(), "go.*", "/x/"), "x/ x/go.mod x/go.sum ");
  EXPECT_EQ(copied(app(), "src/*.c", "/x/"), "x/ x/a.c ");
  EXPECT_EQ(copied(app(), "*.none", "/x/"), "");
}

TEST(Copy, LinksAsSourcesAreFollowedAndLinksInsideStay) {
  EXPECT_EQ(copied(app(), "latest", "/x"), "x/ x/a.c x/b.h x/sub/ x/sub/c.c ");
  EXPECT_EQ(copied(app(), "one", "/x/"), "x/ x/one ");
}

TEST(Copy, MissingSourceIsAnError) {
  EXPECT_THROW(copied(app(), "nothing", "/x"), Error);
  EXPECT_THROW(copied(app(), "src/nothing", "/x"), Error);
}

TEST(Copy, ExcludesLeaveFilesOut) {
  EXPECT_EQ(copied(app(), "src", "/x/", View({}), {"*.h", "sub"}), "x/ x/a.c ");
  EXPECT_EQ(copied(app(), "src", "/x/", View({}), {"sub", "!sub/c.c"}), "x/ x/a.c x/b.h x/sub/ x/sub/c.c ");
}

TEST(Copy, DestinationLinksAreFollowedUnlessLinked) {
  const View base = view({dir("usr"), dir("usr/bin"), link("bin", "usr/bin")});
  EXPECT_EQ(copied(app(), "go.mod", "/bin/", base), "usr/bin/go.mod ");
  Placement how;
  how.dest = "/bin/";
  how.follow_links = false;
  EXPECT_EQ(names(place(base, pick(app(), "go.mod", false, {}), how)), "bin/ bin/go.mod ");
}

TEST(Copy, FileAndDirectoryDoNotReplaceEachOther) {
  EXPECT_THROW(copied(app(), "src", "/x", view({file("x", "")})), Error);
  EXPECT_THROW(copied(app(), "src", "/x", view({dir("x"), dir("x/a.c")})), Error);
}

TEST(Copy, ParentsKeepThePathBehindThePivot) {
  Placement how;
  how.dest = "/out/";
  how.as_directory = true;
  EXPECT_EQ(names(place(View({}), pick(app(), "src/sub/c.c", true, {}), how)), "out/ out/src/ out/src/sub/ out/src/sub/c.c ");
  EXPECT_EQ(names(place(View({}), pick(app(), "src/./sub/c.c", true, {}), how)), "out/ out/sub/ out/sub/c.c ");
  EXPECT_EQ(names(place(View({}), pick(app(), "**/*.c", true, {}), how)),
            "out/ out/src/ out/src/a.c out/src/sub/ out/src/sub/c.c ");
}

TEST(Copy, ParentsHaveTheModeOfTheSourceAndAreNotFollowed) {
  const View source = view({dir(""), dir("a", 0711), dir("a/b", 0700), file("a/b/c", "c"), link("a/l", "b"), link("z", "a")});
  Placement how;
  how.dest = "/d/";
  const Tree fresh = place(View({}), pick(source, "a/b/c", true, {}), how);
  EXPECT_EQ(fresh.find("d")->mode, 0755u);
  EXPECT_EQ(fresh.find("d/a")->mode, 0711u);
  EXPECT_EQ(fresh.find("d/a/b")->mode, 0700u);
  Entry owned = dir("d/a", 0750);
  owned.uid = 5;
  const Tree merged = place(view({dir("d"), owned}), pick(source, "a/b/c", true, {}), how);
  EXPECT_EQ(merged.find("d/a")->mode, 0711u);
  EXPECT_EQ(merged.find("d/a")->uid, 5u);
  EXPECT_EQ(names(place(View({}), pick(source, "a/l", true, {}), how)), "d/ d/a/ d/a/l@ ");
  EXPECT_THROW(pick(source, "z/b/c", true, {}), Error);
}

TEST(Copy, ExcludesOfParentsAreRelativeToThePivot) {
  const auto copied_with = [](const std::string& pattern, const std::string& exclude) {
    Placement how;
    how.dest = "/d/";
    return names(place(View({}), pick(app(), pattern, true, dockerfile::IgnoreFile::from_patterns({exclude})), how));
  };
  EXPECT_EQ(copied_with("src", "src/sub"), "d/ d/src/ d/src/a.c d/src/b.h ");
  EXPECT_EQ(copied_with("src/./*", "sub"), "d/ d/a.c d/b.h ");
  EXPECT_THROW(copied_with("src/./sub", "sub"), Error);
}

TEST(Copy, ExcludesDoNotConcernThePickItself) {
  EXPECT_EQ(copied(app(), "go.*", "/x/", View({}), {"go.*", "**/*.sum"}), "x/ x/go.mod x/go.sum ");
}

TEST(Copy, ArchivesKeepTheirModesAndImplyPlainDirectories) {
  Placement how;
  how.dest = "/d/";
  how.owner = Owner{5, 6};
  how.mode = ModeChange::parse("600");
  const auto archive = [](std::vector<Entry> entries) {
    entries.push_back(dir(""));
    return Pick{.path = "x.tar", .ways = {}, .is_archive = true, .files = std::make_shared<const Tree>(std::move(entries))};
  };
  const Tree tree = place(View({}), {archive({file("a/b/c", "c", 0640)})}, how);
  EXPECT_EQ(names(tree), "d/ d/a/ d/a/b/ d/a/b/c ");
  EXPECT_EQ(tree.find("d/a")->mode, 0755u);
  EXPECT_EQ(tree.find("d/a")->uid, 0u);
  EXPECT_EQ(tree.find("d/a/b/c")->mode, 0640u);
  EXPECT_EQ(tree.find("d/a/b/c")->uid, 5u);
  const View base = view({dir("d"), link("d/l", "real"), dir("d/real", 0700), dir("d/was"), file("d/was/x", "x")});
  EXPECT_EQ(names(place(base, {archive({file("l/c", "c"), file("was", "w")})}, how)), "d/real/c d/was ");
  EXPECT_EQ(names(place(base, {archive({dir("l"), file("l/c", "c")})}, how)), "d/l/ d/l/c ");
}

TEST(Copy, TwoStarsAreOneWithoutParents) { EXPECT_EQ(copied(app(), "**/*.c", "/x/"), "x/ x/a.c "); }

TEST(Copy, OwnerAndModeApplyToWhatIsCopied) {
  Placement how;
  how.dest = "/x/";
  how.owner = Owner{33, 34};
  how.mode = ModeChange::parse("u=rwX,go=");
  const Tree tree = place(View({}), pick(app(), "src", false, {}), how);
  EXPECT_EQ(tree.find("x")->uid, 33u);
  EXPECT_EQ(tree.find("x/a.c")->gid, 34u);
  EXPECT_EQ(tree.find("x/a.c")->mode, 0600u);
  EXPECT_EQ(tree.find("x/sub")->mode, 0700u);
}

TEST(MakeDirs, MakesOnlyWhatIsMissing) {
  EXPECT_EQ(names(make_dirs(view({dir("a")}), "/a/b/c", {})), "a/b/ a/b/c/ ");
  EXPECT_EQ(names(make_dirs(view({dir("a")}), "/a", {})), "");
  EXPECT_THROW(make_dirs(view({file("a", "x")}), "/a/b", {}), Error);
}

TEST(Mode, OctalAndSymbolic) {
  EXPECT_EQ(ModeChange::parse("755").apply(0600, false), 0755u);
  EXPECT_EQ(ModeChange::parse("4755").apply(0600, false), 04755u);
  EXPECT_EQ(ModeChange::parse("a+x").apply(0644, false), 0755u);
  EXPECT_EQ(ModeChange::parse("go-rwx").apply(0755, false), 0700u);
  EXPECT_EQ(ModeChange::parse("a+X").apply(0644, false), 0644u);
  EXPECT_EQ(ModeChange::parse("a+X").apply(0644, true), 0755u);
  EXPECT_EQ(ModeChange::parse("u=rw,g=u,o=").apply(0777, false), 0660u);
  EXPECT_EQ(ModeChange::parse("u+s").apply(0755, false), 04755u);
  for (const char* bad : {"", "8", "77777", "u", "u+q", "x+y", "u=rw;g=r"}) EXPECT_THROW(ModeChange::parse(bad), Error) << bad;
}

TEST(Owner, NumbersNamesAndHalves) {
  const std::string passwd = "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n";
  const std::string group = "root:x:0:\nstaff:x:50:\n";
  const auto ids = [&](const char* text) {
    const auto r = resolve_owner(text, passwd, group);
    return std::to_string(r.owner.uid) + ":" + std::to_string(r.owner.gid);
  };
  EXPECT_EQ(ids("33"), "33:33");
  EXPECT_EQ(ids("33:"), "33:0");
  EXPECT_EQ(ids(":33"), "0:33");
  EXPECT_EQ(ids("33:44"), "33:44");
  EXPECT_EQ(ids("app"), "1000:1001");
  EXPECT_EQ(ids("app:staff"), "1000:50");
  EXPECT_EQ(ids("root"), "0:0");
  EXPECT_EQ(resolve_owner("nobody:none", passwd, group).unknown.size(), 2u);
  EXPECT_THROW(ids("4294967295"), Error);
  EXPECT_FALSE(needs_names("33:44"));
  EXPECT_TRUE(needs_names("33:staff"));
}

}  // namespace
}  // namespace slipway::tree

// Why steps ran: records of two or three builds, and the answers.
#include "record/causes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "json/json.h"
#include "os/fs.h"
#include "record/shelf.h"
#include "record/why.h"

namespace slipway::record {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Parts = std::vector<std::pair<std::string, std::string>>;

Step step(const std::string& name, const std::string& kind, const std::string& key, Parts parts,
          const std::string& state = "done") {
  Step out{.name = name,
           .kind = kind,
           .platform = "linux/amd64",
           .location = {},
           .state = state,
           .cost = {},
           .error = {},
           .key = {},
           .imported = {}};
  out.key.key = key;
  out.key.parts = std::move(parts);
  return out;
}

/// FROM, COPY, RUN; `content` and `command` decide their keys.
Build build_of(const std::string& id, const std::string& content, const std::string& command,
               const std::string& base = "b1") {
  Build build;
  build.id = id;
  build.ok = true;
  build.context = ".";
  build.context_dir = "/src/app";
  build.build_platform = "linux/amd64";
  build.platforms = {"linux/amd64"};
  build.ignore_name = ".dockerignore";
  build.ignore_text = "# logs\n*.log\n!keep.log\n";
  const std::string copy_key = "copy " + base + content;
  build.steps = {
      step("[1/3] FROM debian@sha256:" + base, "source", base, {{"step", "image"}, {"layer 0", "diff of " + base}}),
      step("[2/3] COPY . /src", "file", copy_key,
           {{"step", "copy"}, {"parent", base}, {"source 0", "."}, {"destination", "/src"}, {"content 0", content}}),
      step("[3/3] RUN make", "run", "run " + copy_key + command,
           {{"step", "run"}, {"parent", copy_key}, {"command", command}, {"env VERSION", "1"}})};
  build.steps[1].location = "Dockerfile:2";
  build.steps[1].key.reads_context = true;
  build.steps[2].location = "Dockerfile:3";
  return build;
}

std::string listing(const std::vector<std::pair<std::string, std::string>>& files) {
  ListingWriter writer;
  for (const auto& [path, content] : files) writer.add(path, "f", 0644, content);
  return writer.text();
}

Shelved shelved(Build build, std::vector<Build> earlier) {
  return {std::move(build), std::move(earlier), [](const std::string& content) -> std::optional<std::string> {
            if (content == "c1") return listing({{"main.c", "111"}, {"old.c", "333"}});
            if (content == "c2") return listing({{"main.c", "222"}, {"new.c", "444"}});
            return std::nullopt;
          }};
}

Cause cause(const Shelved& from, size_t at) {
  return cause_of(from.build, at, from.earlier, from.listings);
}

TEST(Causes, AChangedFileIsNamedAndWhatStandsOnItPointsThere) {
  const Shelved all = shelved(build_of("2", "c2", "make"), {build_of("1", "c1", "make")});
  const Cause copy = cause(all, 1);
  EXPECT_EQ(copy.kind, Cause::Kind::Changed);
  ASSERT_EQ(copy.differences.size(), 1u);
  EXPECT_EQ(copy.differences[0].label, "content 0");
  EXPECT_THAT(copy.differences[0].files,
              ElementsAre(FileChange{FileChange::Kind::Content, "main.c"},
                          FileChange{FileChange::Kind::Added, "new.c"},
                          FileChange{FileChange::Kind::Removed, "old.c"}));
  const Cause run = cause(all, 2);
  EXPECT_EQ(run.kind, Cause::Kind::Parent);
  EXPECT_EQ(run.parent, 1u);
  EXPECT_EQ(cause(all, 0).kind, Cause::Kind::NotRun);
  const std::string text = why_build(all).text;
  EXPECT_THAT(text, HasSubstr("files of the source changed: 3"));
  EXPECT_THAT(text, HasSubstr("added    new.c"));
  EXPECT_THAT(text, HasSubstr("the step below it changed since the build 1: [2/3] COPY . /src"));
}

TEST(Causes, AChangedCommandOrVariableIsShownBeforeAndAfter) {
  Build now = build_of("2", "c1", "8:make all ");
  now.steps[2].key.parts.back().second = "2";
  const Shelved all = shelved(std::move(now), {build_of("1", "c1", "4:make ")});
  const Cause run = cause(all, 2);
  EXPECT_EQ(run.kind, Cause::Kind::Changed);
  const std::string text = why_steps(all, {2}).text;
  EXPECT_THAT(text, HasSubstr("its command was \"make\", is \"make all\""));
  EXPECT_THAT(text, HasSubstr("the variable VERSION was \"1\", is \"2\""));
  EXPECT_THAT(text, HasSubstr("linux/amd64 is the platform of this machine"));
}

TEST(Causes, AChainEndsAtTheBaseImageThatChanged) {
  const Shelved all = shelved(build_of("2", "c1", "make", "b2"), {build_of("1", "c1", "make")});
  EXPECT_EQ(cause(all, 0).kind, Cause::Kind::Changed);
  EXPECT_EQ(cause(all, 1).kind, Cause::Kind::Parent);
  const std::string text = why_steps(all, {2}).text;
  EXPECT_THAT(text, HasSubstr("it begins with [1/3] FROM debian"));
  EXPECT_THAT(text, HasSubstr("the base image is another one (layer 0)"));
  const auto json = json::parse(why_steps(all, {2}).json, "answer");
  EXPECT_EQ(json["steps"][0]["origin"]["name"], "[1/3] FROM debian@sha256:b2");
  EXPECT_EQ(json["steps"][0]["cause"], "parent");
}

TEST(Causes, TellWhatRanForOtherReasons) {
  Build again = build_of("2", "c1", "make");
  EXPECT_EQ(cause(shelved(again, {}), 2).kind, Cause::Kind::FirstTime);
  EXPECT_EQ(cause(shelved(again, {build_of("1", "c1", "make")}), 2).kind, Cause::Kind::Lost);
  Build failed = build_of("1", "c1", "make");
  failed.steps[2].state = "failed";
  EXPECT_EQ(cause(shelved(again, {failed}), 2).kind, Cause::Kind::Unfinished);
  again.steps[2].key.ignores_cache = true;
  EXPECT_EQ(cause(shelved(again, {build_of("1", "c1", "make")}), 2).kind, Cause::Kind::AskedFor);
  again.steps[1].state = "cached";
  EXPECT_EQ(cause(shelved(again, {}), 1).kind, Cause::Kind::NotRun);
  again.steps[1].imported = "registry.example/app:cache";
  EXPECT_THAT(why_steps(shelved(again, {}), {1}).text,
              HasSubstr("its result came from registry.example/app:cache"));
  again.steps[0].key = {};
  EXPECT_EQ(cause(shelved(again, {}), 0).kind, Cause::Kind::Unknown);
}

TEST(Causes, TheNewestOfEquallyNearBuildsIsCompared) {
  const Shelved all = shelved(build_of("9", "c2", "make"),
                              {build_of("8", "c3", "make"), build_of("1", "c1", "make")});
  EXPECT_EQ(cause(all, 1).build->id, "8");
  // Without a listing of one side it is still known that files changed.
  EXPECT_THAT(cause(all, 1).differences[0].files, IsEmpty());
  EXPECT_THAT(why_steps(all, {1}).text, HasSubstr("files of the source are others"));
}

TEST(Why, StepsAreNamedByLineOrWords) {
  const Build build = build_of("1", "c1", "make");
  EXPECT_THAT(steps_of(build, "Dockerfile:3"), ElementsAre(2));
  EXPECT_THAT(steps_of(build, "2"), ElementsAre(1));
  EXPECT_THAT(steps_of(build, "run make"), ElementsAre(2));
  EXPECT_THAT(steps_of(build, "nothing like it"), IsEmpty());
}

TEST(Why, APathIsInTheContextOrARuleSaysWhyNot) {
  const Shelved all = shelved(build_of("1", "c1", "make"), {});
  EXPECT_THAT(why_path(all, "debug.log").text,
              HasSubstr("debug.log is not in the context: .dockerignore:2: *.log"));
  EXPECT_THAT(why_path(all, "/src/app/keep.log").text,
              HasSubstr("keep.log is in the context: .dockerignore:3: !keep.log"));
  EXPECT_THAT(why_path(all, "main.c").text, HasSubstr("[2/3] COPY . /src takes it  (Dockerfile:2)"));
  EXPECT_THAT(why_path(all, "gone.c").text, HasSubstr("there is no such file in /src/app"));
  EXPECT_THROW(why_path(all, "../other"), Error);
  const auto json = json::parse(why_path(all, "debug.log").json, "answer");
  EXPECT_EQ(json["inContext"], false);
  EXPECT_EQ(json["rule"]["line"], 2);
}

TEST(Listing, IsKeptOnceAndSaysWhatItSaid) {
  const os::TempDir store(::testing::TempDir(), "listing-");
  const std::string text = listing({{"a\nb", "1"}, {"dir/c d", "2"}});
  put_listing(store.path(), "c1", text);
  put_listing(store.path(), "c1", "something else");
  EXPECT_EQ(get_listing(store.path(), "c1"), text);
  EXPECT_EQ(get_listing(store.path(), "c2"), std::nullopt);
  EXPECT_TRUE(entries_of(text).contains("a\nb"));
  os::write_file_atomic(store.path() + "/builds/files/c3", "no zstd");
  EXPECT_TRUE(entries_of(get_listing(store.path(), "c3").value_or("")).empty());
}

TEST(Listing, ManyDoNotFillTheDisk) {
  const os::TempDir store(::testing::TempDir(), "listing-");
  for (size_t i = 0; i < kMostListings + 20; ++i)
    put_listing(store.path(), "c" + std::to_string(i), listing({{"f", std::to_string(i)}}));
  EXPECT_EQ(os::list_dir(store.path() + "/builds/files").size(), kMostListings);
  ListingWriter huge;
  for (size_t i = 0; i <= kMostFiles; ++i) huge.add("f" + std::to_string(i), "f", 0644, "1");
  EXPECT_EQ(huge.text(), "");
}

TEST(Listing, AModeAloneIsSaidToBeAMode) {
  ListingWriter before, now;
  before.add("run.sh", "f", 0644, "1");
  now.add("run.sh", "f", 0755, "1");
  EXPECT_THAT(changes(before.text(), now.text()),
              ElementsAre(FileChange{FileChange::Kind::Mode, "run.sh"}));
}

}  // namespace
}  // namespace slipway::record

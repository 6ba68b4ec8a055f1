// The texts and documents of --call, as docker buildx prints them.
#include "dockerfile/answers.h"

#include <gtest/gtest.h>

#include "dockerfile/parse.h"
#include "json/json.h"

namespace slipway::dockerfile {
namespace {

const Source kSource{"Dockerfile", "one\ntwo\nthree\nfour\nfive\nsix\nseven"};

TEST(Answers, ALineIsShownWithTwoOnEachSide) {
  EXPECT_EQ(excerpt(kSource, {4, 1, 4}),
            "Dockerfile:4\n--------------------\n"
            "   2 |     two\n   3 |     three\n   4 | >>> four\n   5 |     five\n   6 |     six\n"
            "--------------------\n");
  EXPECT_EQ(excerpt(kSource, {1, 1, 1}),
            "Dockerfile:1\n--------------------\n"
            "   1 | >>> one\n   2 |     two\n   3 |     three\n--------------------\n");
}

TEST(Answers, SeveralLinesAreShownWithOneOnEachSide) {
  EXPECT_EQ(excerpt(kSource, {6, 1, 7}),
            "Dockerfile:6\n--------------------\n"
            "   5 |     five\n   6 | >>> six\n   7 | >>> seven\n--------------------\n");
  EXPECT_EQ(excerpt(kSource, {9, 1, 9}), "");
}

TEST(Answers, ChecksAreCountedAndSortedByLine) {
  EXPECT_EQ(checks_text(kSource, {}, false), "Check complete, no warnings found.\n");
  EXPECT_EQ(checks_text(kSource, {}, true), "");
  const std::string one =
      checks_text({"F", "a"}, {{"StageNameCasing", {1, 1, 1}, "it is so"}}, false);
  EXPECT_EQ(one,
            "Check complete, 1 warning has been found!\n\n"
            "WARNING: StageNameCasing - docs/rules/stage-name-casing.md\nit is so\n"
            "F:1\n--------------------\n   1 | >>> a\n--------------------\n");
  const std::string two =
      checks_text(kSource, {{"B", {3, 1, 3}, "b"}, {"A", {2, 1, 2}, "a"}}, true);
  EXPECT_TRUE(two.starts_with("Check complete, 2 warnings have been found!\n\nWARNING: A - "))
      << two;
  EXPECT_TRUE(two.ends_with("\n\n")) << two;
}

TEST(Answers, ChecksAsJsonHaveBuildKitsMembers) {
  const auto none = json::parse(checks_json({"F", "abc"}, {}, {}), "test");
  EXPECT_TRUE(none["warnings"].is_null());
  EXPECT_EQ(none["sources"][0]["data"], "YWJj");
  EXPECT_FALSE(none.contains("buildError"));
  const auto some =
      json::parse(checks_json({"F", "abc"}, {{"StageNameCasing", {1, 1, 2}, "it is so"}},
                              {Error("bad", "F:2:5"), Error("worse", "F:3:1")}),
                  "test");
  EXPECT_EQ(some["warnings"][0].dump(),
            R"({"ruleName":"StageNameCasing","description":"Stage names should be lowercase",)"
            R"("url":"docs/rules/stage-name-casing.md","detail":"it is so","location":{"ranges":[)"
            R"({"start":{"line":1},"end":{"line":1}},{"start":{"line":2},"end":{"line":2}}]}})");
  EXPECT_EQ(some["buildError"].dump(),
            R"({"message":"bad","location":{"ranges":[{"start":{"line":2},"end":{"line":2}}]}})");
  EXPECT_EQ(some["moreBuildErrors"][0]["message"], "worse");
}

TEST(Answers, TheOutlineHasATableForEachKind) {
  Outline outline{.name = "two",
                  .doc = "the second",
                  .args = {{"A", "1", "first", {1, 1, 1}}, {"LONGER", "", "", {2, 1, 2}}},
                  .secrets = {{"s", true, {3, 1, 3}}},
                  .ssh = {{"default", false, {4, 1, 4}}}};
  EXPECT_EQ(outline_text(outline),
            "TARGET:      two\nDESCRIPTION: the second\n\n"
            "BUILD ARG   VALUE   DESCRIPTION\nA           1       first\nLONGER              \n\n"
            "SECRET   REQUIRED\ns        true\n\nSSH       REQUIRED\ndefault   \n\n");
  EXPECT_EQ(outline_text({}), "");
  const auto document = json::parse(outline_json({"F", "abc"}, outline), "test");
  EXPECT_EQ(document["args"][0]["description"], "first");
  EXPECT_FALSE(document["args"][1].contains("value"));
  EXPECT_EQ(document["secrets"][0]["required"], true);
  EXPECT_FALSE(document["ssh"][0].contains("required"));
  EXPECT_EQ(document["sources"][0], "YWJj");
}

TEST(Answers, TargetsNameTheDefaultOne) {
  const auto file = parse("# a first\nFROM --platform=linux/arm64 x AS a\nFROM a AS Last\n");
  EXPECT_EQ(targets_text(file),
            "TARGET         DESCRIPTION\na              first\nlast (default) \n");
  const auto document = json::parse(targets_json(file), "test");
  EXPECT_EQ(document["targets"][0]["platform"], "linux/arm64");
  EXPECT_EQ(document["targets"][1]["default"], true);
  EXPECT_EQ(document["targets"][1]["base"], "a");
  EXPECT_EQ(targets_text(parse("FROM x")), "TARGET    DESCRIPTION\n(default) \n");
}

TEST(Answers, WhatCanBeCalledIsListed) {
  EXPECT_TRUE(describe_text().starts_with(
      "NAME                 VERSION DESCRIPTION\noutline              1.0.0   List"));
  EXPECT_EQ(json::parse(describe_json(), "test")[1]["name"], "frontend.targets");
}

}  // namespace
}  // namespace slipway::dockerfile

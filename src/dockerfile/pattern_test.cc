// Go's filepath.Match, and compat 5.6's rules for ignore files.
#include "dockerfile/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::dockerfile {
namespace {

using ::testing::HasSubstr;

TEST(Wildcard, MatchesAsGoDoes) {
  struct {
    const char* pattern;
    const char* name;
    bool expected;
  } const cases[] = {
      {"abc", "abc", true},      {"abc", "abcd", false},
      {"*", "abc", true},        {"*", "", true},
      {"*c", "abc", true},       {"a*", "a", true},
      {"a*", "a/b", false},      {"a*/b", "abc/b", true},
      {"a*/b", "a/c/b", false},  {"*/*", "a/b", true},
      {"a?c", "abc", true},      {"a?c", "a/c", false},
      {"a?", "a\xc3\xa9", true}, {"[a-c]", "b", true},
      {"[a-c]", "d", false},     {"[^a-c]", "d", true},
      {"[^a-c]", "b", false},    {"[abx-z]", "y", true},
      {"[\\]a]", "]", true},     {"[\\-]", "-", true},
      {"\\*", "*", true},        {"\\*", "a", false},
      {"a\\\\b", "a\\b", true},  {"[\xc3\xa0-\xc3\xb6]", "\xc3\xa9", true},
      {"]", "]", true},          {"a**b", "axxb", true},
      {"**", "a/b", false},      {"", "", true},
      {"", "a", false},          {"*a*b*c", "xaxbxc", true},
      {"*.go", ".go", true},     {"*", ".hidden", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(match_wildcard(c.pattern, c.name), c.expected) << c.pattern << " " << c.name;
}

TEST(Wildcard, MalformedPatternsAreErrors) {
  for (const char* pattern :
       {"[", "[a", "[]a]", "[-]", "[x-]", "[-x]", "[^]", "[a-", "a\\", "[\\", "x[a-b-c]"})
    EXPECT_THROW(check_wildcard(pattern), Error) << pattern;
  EXPECT_TRUE(has_wildcard("a*"));
  EXPECT_TRUE(has_wildcard("a\\b"));
  EXPECT_FALSE(has_wildcard("a/b]"));
}

TEST(Wildcard, HostilePatternsEndQuickly) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(match_wildcard(pattern + "b", std::string(4000, 'a')));
}

TEST(CleanPath, IsGosPathClean) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "."},
      {"a/b/", "a/b"},
      {"./a//b/.", "a/b"},
      {"a/../b", "b"},
      {"a/..", "."},
      {"../a", "../a"},
      {"../../a", "../../a"},
      {"/..", "/"},
      {"/a/../..", "/"},
      {"a/../../b", "../b"},
      {"/", "/"},
  };
  for (const auto& [path, expected] : cases) EXPECT_EQ(clean_path(path), expected) << path;
}

struct Case {
  const char* patterns;
  const char* path;
  bool excluded;
};

TEST(IgnoreFile, RulesOfCompat) {
  const Case cases[] = {
      // Comments, blanks, cleaning.
      {"# a\n", "# a", false},
      {" # a\n", "# a", true},
      {"\\#a", "#a", true},
      {"  a  \n", "a", true},
      {"\n\n\r\na\r\n", "a", true},
      {"\xef\xbb\xbf"
       "a",
       "a", true},
      {"/a", "a", true},
      {"./a/", "a", true},
      {"a/../b", "b", true},
      {"a//b", "a/b", true},
      {".", "a", false},
      {"..", "a", false},
      {"/", "a", false},
      // One path element.
      {"*", "a", true},
      {"*", "a/b", true},
      {"*.go", "a.go", true},
      {"*.go", "d/a.go", false},
      {"*/*.go", "d/a.go", true},
      {"a?c", "abc", true},
      {"[a-c]x", "bx", true},
      {"[^a]x", "ax", false},
      {"A", "a", false},
      {"a.go", "abgo", false},
      {"a+b(c)|d^{e}$", "a+b(c)|d^{e}$", true},
      {"a|b*", "bx", false},
      // Children of what is matched.
      {"a", "a/b/c", true},
      {"a/b", "a", false},
      {"a/b", "a/b/c", true},
      {"a", "ab", false},
      // Any number of elements.
      {"**/a", "a", true},
      {"**/a", "x/y/a", true},
      {"**/a", "x/ya", false},
      {"**a", "x/ya", true},
      {"**", "x/y", true},
      {"a/**", "a", false},
      {"a/**", "a/b", true},
      {"a**", "ab/c", true},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "a/x/yb", false},
      {"**/*.go", "a.go", true},
      {"**/*.go", "x/y/a.go", true},
      {"**/x?/**", "a/xb/c", true},
      {"**/x?/**", "a/xb", false},
      {"a**b", "axb", false},
      {"a**b", "ax/b", true},
      // Exceptions: the last rule that matches wins, inside excluded directories, too.
      {"*\n!a", "a", false},
      {"*\n!a", "b", true},
      {"*\n!a/b", "a/b", false},
      {"*\n!a/b", "a/c", true},
      {"!a\n*", "a", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true},
      {"*.md\n!README*.md\nREADME-secret.md", "README-a.md", false},
      {"a\n!a/b\na/b/c", "a/b/c", true},
      {"a\n!a/b\na/b/c", "a/b/d", false},
      {"**\n!**/*.go", "x/a.go", false},
      {"! a\n", "a", false},
      {"*\n! /a/", "a", false},
      // A pattern is tried on a directory only where it could matter, and not again below: as the
      // transfer does it.
      {"a/b\n!a", "a/b", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(IgnoreFile::parse(c.patterns).excludes(c.path), c.excluded)
        << c.patterns << " on " << c.path;
}

TEST(IgnoreFile, NeverExcludesTheRootAndNothingWhenEmpty) {
  EXPECT_FALSE(IgnoreFile::parse("**").excludes(""));
  EXPECT_FALSE(IgnoreFile::parse("**").excludes("."));
  EXPECT_FALSE(IgnoreFile().excludes("a"));
  EXPECT_TRUE(IgnoreFile::parse("# nothing\n\n").empty());
  EXPECT_FALSE(IgnoreFile::parse("a").has_exceptions());
  EXPECT_TRUE(IgnoreFile::parse("a\n!b").has_exceptions());
}

TEST(IgnoreFile, DirectoriesAreSkippedWhenNothingBelowCanComeBack) {
  struct {
    const char* patterns;
    const char* directory;
    bool expected;
  } const cases[] = {
      {"a", "a", true},           {"a", "b", false},
      {"*\n!b", "a", true},       {"*\n!a/b", "a", false},
      {"*\n!a/b", "c", true},     {"*\n!**/x", "a", false},
      {"*\n!*.go", "a", false},   {"*\n!a/b/c", "a/b", false},
      {"*\n!a/b/c", "a/x", true}, {"*\n!a/[bc]/d", "a/b", false},
      {"*\n!ab", "a", true},      {"**\n!ab*/x", "abc", false},
  };
  for (const auto& c : cases) {
    const auto file = IgnoreFile::parse(c.patterns);
    IgnoreFile::Verdict verdict;
    const std::string_view path = c.directory;
    for (size_t end = 0; end != path.npos;) {
      end = path.find('/', end + 1);
      verdict = file.judge(path.substr(0, end), verdict);
    }
    EXPECT_EQ(file.can_skip(path, verdict), c.expected) << c.patterns << " at " << path;
  }
}

TEST(IgnoreFile, EveryMalformedLineIsReported) {
  try {
    IgnoreFile::parse("a\n  [\n!\nb\\\n", "ctx/.dockerignore");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "ctx/.dockerignore:2:3");
    EXPECT_THAT(error.render(), HasSubstr("ctx/.dockerignore:3:1: illegal exclusion pattern"));
    EXPECT_THAT(error.render(), HasSubstr("ctx/.dockerignore:4:1: syntax error in pattern"));
  }
}

TEST(IgnoreFile, ExcludeFlagsFollowTheSameRules) {
  const auto file = IgnoreFile::from_patterns({"*.o", "!keep.o", "#x", ""});
  EXPECT_TRUE(file.excludes("a.o"));
  EXPECT_FALSE(file.excludes("keep.o"));
  EXPECT_TRUE(file.excludes("#x"));
  EXPECT_THROW(IgnoreFile::from_patterns({"["}), Error);
}

}  // namespace
}  // namespace slipway::dockerfile

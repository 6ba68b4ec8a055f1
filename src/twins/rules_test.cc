// The table: its form, and which of its rows fit.
#include "twins/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace slipway::twins {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_rules(text, "rules");
  } catch (const Error& error) {
    return error.where() + ": " + error.message();
  }
  return {};
}

TEST(Rules, TheTableThatTravelsWithTheProgramCanBeRead) {
  const auto& rules = built_in_rules();
  EXPECT_GT(rules.size(), 20u);
  for (const auto& rule : rules) EXPECT_FALSE(rule.reason.empty()) << "line " << rule.line;
}

TEST(Rules, ProgramsThatTellTheMachineAreInNoRow) {
  const auto& rules = built_in_rules();
  for (const char* path : {"/usr/bin/uname", "/usr/bin/arch", "/usr/bin/stdbuf", "/usr/bin/printf", "/usr/bin/who"})
    EXPECT_EQ(find_rules(rules, Grade::Fast, "coreutils", path).size(), 0u) << path;
  for (const char* path : {"/usr/sbin/ldconfig", "/usr/bin/ldd", "/usr/bin/getconf", "/usr/bin/localedef"})
    EXPECT_EQ(find_rules(rules, Grade::Fast, "libc-bin", path).size(), 0u) << path;
  EXPECT_TRUE(find_rules(rules, Grade::Fast, "util-linux", "/usr/bin/lscpu").empty());
  EXPECT_FALSE(find_rules(rules, Grade::Exact, "coreutils", "/usr/bin/cp").empty());
}

TEST(Rules, AnotherPackageMayNotBringAProgramOfTheSameName) {
  EXPECT_TRUE(find_rules(built_in_rules(), Grade::Fast, "busybox-tricks", "/usr/bin/cp").empty());
}

TEST(Rules, ExactLeavesOutWhatIsOnlyFast) {
  const auto& rules = built_in_rules();
  EXPECT_TRUE(find_rules(rules, Grade::Exact, "make", "/usr/bin/make").empty());
  EXPECT_FALSE(find_rules(rules, Grade::Fast, "make", "/usr/bin/make").empty());
  EXPECT_TRUE(find_rules(rules, Grade::Off, "dash", "/usr/bin/dash").empty());
}

TEST(Rules, AStarStaysInItsFolder) {
  const auto rules = parse_rules("exact | a | /usr/bin/* !/usr/bin/no | | | why\n", "rules");
  EXPECT_FALSE(find_rules(rules, Grade::Exact, "a", "/usr/bin/x").empty());
  EXPECT_TRUE(find_rules(rules, Grade::Exact, "a", "/usr/bin/x/y").empty());
  EXPECT_TRUE(find_rules(rules, Grade::Exact, "a", "/usr/bin/no").empty());
}

TEST(Rules, ColumnsMayBeEmptyAndPatternsMayHaveBars) {
  const auto rules = parse_rules("# a comment\n\nfast | p | /x /y | no-arg a|b ; no-env ^A= | arch | a | reason\n", "rules");
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0].grade, Grade::Fast);
  EXPECT_THAT(rules[0].files, testing::ElementsAre("/x", "/y"));
  ASSERT_EQ(rules[0].conditions.size(), 2u);
  EXPECT_EQ(rules[0].conditions[1].kind, Condition::Kind::NoVariable);
  EXPECT_EQ(rules[0].change, Change::Arch);
  EXPECT_EQ(rules[0].reason, "a | reason");
}

TEST(Rules, MistakesAreNamedWithTheirLine) {
  EXPECT_EQ(error_of("\nperhaps | a | /b | | | c\n"), "rules:2: \"perhaps\" is neither exact nor fast");
  EXPECT_EQ(error_of("exact | a | /b\n"), "rules:1: a rule has 6 columns");
  EXPECT_EQ(error_of("exact | a | /b | sometimes x | | c\n"), "rules:1: \"sometimes x\" is no condition");
  EXPECT_EQ(error_of("exact | a | /b | | later | c\n"), "rules:1: \"later\" is no change");
  EXPECT_EQ(error_of("exact | a | /b | | | \n"), "rules:1: a rule needs a package, files and a reason");
  EXPECT_THAT(error_of("exact | a | /b | no-arg ( | | c\n"), testing::HasSubstr("is no regular expression"));
}

}  // namespace
}  // namespace slipway::twins

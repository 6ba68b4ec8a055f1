// The names of the checks, their pages, and which of them a file asks for.
#include "dockerfile/rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "dockerfile/check_from.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {
namespace {

TEST(Rules, EveryRuleIsListedOnceInOrder) {
  const auto& rules = check_rules();
  EXPECT_EQ(rules.size(), 22u);
  EXPECT_TRUE(std::is_sorted(rules.begin(), rules.end(),
                             [](const Rule& a, const Rule& b) { return a.name < b.name; }));
}

TEST(Rules, EveryRuleHasAPage) {
  EXPECT_EQ(rule_page("JSONArgsRecommended"), "docs/rules/json-args-recommended.md");
  EXPECT_EQ(rule_page("SecretsUsedInArgOrEnv"), "docs/rules/secrets-used-in-arg-or-env.md");
  for (const auto& rule : check_rules())
    EXPECT_TRUE(
        std::filesystem::exists(std::string(SLIPWAY_SOURCE_DIR) + "/" + rule_page(rule.name)))
        << rule.name;
}

TEST(Rules, OptionsHaveTheirGrammar) {
  const auto options = parse_check_options(" skip = A , B ; error=true; experimental=C");
  EXPECT_TRUE(options.skip.contains("A") && options.skip.contains("B"));
  EXPECT_TRUE(options.error);
  EXPECT_TRUE(options.experimental.contains("C"));
  EXPECT_TRUE(parse_check_options("skip=all").skip_all);
  EXPECT_FALSE(parse_check_options("").error);
  for (const char* bad : {"skip", "x=y", "error=maybe", "skip=A;;"})
    EXPECT_THROW(parse_check_options(bad), Error) << bad;
  // What stands behind a second semicolon is one part, as in BuildKit.
  EXPECT_TRUE(
      parse_check_options("error=false;skip=A;experimental=B;x=y").experimental.contains("B;x=y"));
}

TEST(Rules, TheBuildArgumentGoesBeforeTheDirective) {
  const auto file = parse("# check=skip=all\nFROM a");
  EXPECT_TRUE(check_options(file, {}).skip_all);
  EXPECT_FALSE(check_options(file, {{"BUILDKIT_DOCKERFILE_CHECK", "error=true"}}).skip_all);
  EXPECT_TRUE(check_options(file, {{"BUILDKIT_DOCKERFILE_CHECK", "error=true"}}).error);
}

TEST(Rules, ABlankEndsTheDirective) {
  const auto options = check_options(parse("# check=skip=A, B;error=true\nFROM a"), {});
  EXPECT_FALSE(options.wants("A"));
  EXPECT_TRUE(options.wants("B"));
  EXPECT_FALSE(options.error);
}

TEST(Rules, ABadDirectiveIsAMistakeInItsLine) {
  try {
    check_options(parse("# escape=`\n# check=skip\nFROM a", "F"), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "F:2:1");
  }
}

TEST(Rules, ACommentAboveAnInstructionSkipsMore) {
  const CheckOptions none;
  EXPECT_FALSE(with_comments(none, {"check=skip=A because of B", "more"}).wants("A"));
  EXPECT_TRUE(with_comments(none, {"check=skip=A because of B"}).wants("B"));
  EXPECT_FALSE(with_comments(none, {"Check = skip=all"}).wants("A"));
  EXPECT_TRUE(with_comments(none, {"check=nonsense", "check=skip=all"}).wants("A"));
}

TEST(Rules, ExperimentalRulesAreOffUnlessAskedFor) {
  EXPECT_FALSE(CheckOptions{}.wants("InvalidDefinitionDescription"));
  EXPECT_TRUE(parse_check_options("experimental=all").wants("InvalidDefinitionDescription"));
  EXPECT_TRUE(parse_check_options("skip=all;experimental=InvalidDefinitionDescription")
                  .wants("InvalidDefinitionDescription"));
}

TEST(Rules, NamesThatLookAlikeAreFound) {
  EXPECT_EQ(nearest_name("VERSON", {"A", "VERSION", "VERSIONS"}), "VERSION");
  EXPECT_EQ(nearest_name("version", {"VERSION"}), std::nullopt);
  EXPECT_EQ(nearest_name("FAR", {"AWAY"}), std::nullopt);
  EXPECT_EQ(nearest_name("A", {"B", "A"}), std::nullopt);
}

TEST(Rules, ImageNamesAreTold) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  for (const std::string& good :
       {std::string("a"), std::string("a/b__c/d-e.f:T_1.x"), std::string("h.io:5000/a:1"),
        std::string("localhost/a"), std::string("[::1]:5/a"), "a@" + digest, "a:1@" + digest,
        std::string("Host/a")})
    EXPECT_TRUE(is_image_name(good)) << good;
  for (const char* bad : {"", "A", "a:", "a:-x", "a/", "/a", "a//b", "a..b", "a@sha256:1", "a b",
                          "a_", "h.io:x/a", "a/B"})
    EXPECT_FALSE(is_image_name(bad)) << bad;
}

}  // namespace
}  // namespace slipway::dockerfile

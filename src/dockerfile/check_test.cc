// Each build check with files that break it and files that do not.
#include "dockerfile/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/check_from.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// "Rule:line Rule:line", with experimental rules only if the file asks for them.
std::string findings(std::string_view text, const CheckContext& context = {}) {
  const Dockerfile file = parse(text);
  std::vector<std::string> found;
  for (const auto& diagnostic :
       check(file, parse_check_options(file.directives.check.value_or("")), context))
    found.push_back(diagnostic.rule + ":" + std::to_string(diagnostic.span.line));
  return join(found, " ");
}

TEST(Check, RulesFindWhatTheySayAndNothingElse) {
  const std::pair<const char*, const char*> cases[] = {
      {"FROM a AS b\nRUN c\nCMD [\"d\"]", ""},

      {"FROM a AS Build", "StageNameCasing:1"},
      {"FROM a as b", "FromAsCasing:1"},
      {"from a AS b", "FromAsCasing:1"},
      {"From a as b\nRUN c", "ConsistentInstructionCasing:1"},
      {"from a as b\nrun c", ""},
      {"FROM a\nRUN b \\\n\n c", "NoEmptyContinuation:3"},
      {"FROM a\nrun b\nRUN c", "ConsistentInstructionCasing:2"},
      {"from a\nrun b\nRUN c", "ConsistentInstructionCasing:3"},
      {"FROM a\nRun b", "ConsistentInstructionCasing:2"},
      {"FROM a AS b\nFROM c AS b", "DuplicateStageName:2"},
      {"FROM a AS scratch", "ReservedStageName:1"},
      {"FROM a AS context", "ReservedStageName:1"},

      {"FROM a\nCMD b", "JSONArgsRecommended:2"},
      {"FROM a\nENTRYPOINT b", "JSONArgsRecommended:2"},
      {"FROM a\nSHELL [\"s\"]\nCMD b", ""},
      {"FROM a AS b\nSHELL [\"s\"]\nFROM b\nCMD c", ""},
      {"FROM a\nCMD b\nSHELL [\"s\"]", "JSONArgsRecommended:2"},
      {"FROM a\nMAINTAINER b", "MaintainerDeprecated:2"},

      {"FROM a:$V", "InvalidDefaultArgInFrom:1 UndefinedArgInFrom:1"},
      {"ARG V=1\nFROM a:$V", ""},
      {"ARG V\nFROM a:$V", "InvalidDefaultArgInFrom:2"},
      {"ARG V\nFROM a:${V:-1}", ""},
      {"ARG V=A/b\nFROM $V", ""},
      {"ARG V=a/B\nFROM $V", "InvalidDefaultArgInFrom:2"},
      {"FROM a-$TARGETARCH", ""},
      {"FROM --platform=$BUILDPLATFROM a", "UndefinedArgInFrom:1"},
      {"FROM --platform=$TARGETPLATFORM a", "RedundantTargetPlatform:1"},
      {"FROM --platform=${TARGETPLATFORM} a", "RedundantTargetPlatform:1"},
      {"FROM --platform=$BUILDPLATFORM a", ""},
      {"FROM --platform=linux/amd64 a", "FromPlatformFlagConstDisallowed:1"},
      {"FROM --platform=linux/amd64 a AS b-amd64", ""},
      {"FROM --platform=linux/x86_64 a AS b_amd64", ""},
      {"FROM --platform=linux/arm64 a AS b_amd64", "FromPlatformFlagConstDisallowed:1"},
      {"FROM --platform=windows/amd64 a AS windows", ""},

      {"FROM a\nWORKDIR b", "WorkdirRelativePath:2"},
      {"FROM a\nWORKDIR /a\nWORKDIR b", ""},
      {"FROM a AS x\nWORKDIR /a\nFROM x\nWORKDIR b", ""},
      {"FROM a AS x\nWORKDIR /a\nFROM y\nWORKDIR b", "WorkdirRelativePath:4"},
      {"FROM a\nWORKDIR $X", ""},
      {"FROM a\nWORKDIR b\nWORKDIR c", "WorkdirRelativePath:2"},

      {"FROM a\nCMD [\"b\"]\nCMD [\"c\"]\nCMD [\"d\"]",
       "MultipleInstructionsDisallowed:2 MultipleInstructionsDisallowed:3"},
      {"FROM a\nHEALTHCHECK NONE\nHEALTHCHECK NONE", "MultipleInstructionsDisallowed:2"},
      {"FROM a\nCMD [\"b\"]\nFROM c\nCMD [\"d\"]", ""},
      {"FROM a\nENV a b", "LegacyKeyValueFormat:2"},
      {"FROM a\nLABEL a b", "LegacyKeyValueFormat:2"},

      {"FROM a\nARG API_KEY\nENV db_password=x", "SecretsUsedInArgOrEnv:2 SecretsUsedInArgOrEnv:3"},
      {"FROM a\nARG GITHUB_TOKEN=x AUTH", "SecretsUsedInArgOrEnv:2 SecretsUsedInArgOrEnv:2"},
      {"FROM a\nARG PUBLIC_KEY KEY_FILE TOKEN_VERSION MONKEY KEYS\nLABEL token=x", ""},

      {"FROM a\nEXPOSE 80/TCP", "ExposeProtoCasing:2"},
      {"FROM a\nEXPOSE 80:80 127.0.0.1:1:2", "ExposeInvalidFormat:2 ExposeInvalidFormat:2"},
      {"FROM a\nEXPOSE 80 53/udp $X/TCP", ""},

      {"# check=experimental=all\n# what\nFROM a AS b", "InvalidDefinitionDescription:3"},
      {"# check=experimental=InvalidDefinitionDescription\n#\n# b what\nFROM a AS b\n# no\nARG c",
       "InvalidDefinitionDescription:6"},
      {"# what\nFROM a AS b", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(findings(text), expected) << text;
}

TEST(Check, CopiesOfIgnoredFilesAreFound) {
  const auto ignore = IgnoreFile::parse("secret\n*.log\nbuild/**\n");
  const CheckContext context{.ignore = &ignore};
  EXPECT_EQ(findings("FROM a\nCOPY secret x.log /b/\nADD ./build/x /c\nCOPY ok /d", context),
            "CopyIgnoredFile:2 CopyIgnoredFile:2 CopyIgnoredFile:3");
  EXPECT_EQ(findings("FROM a AS b\nFROM a\nCOPY --from=b secret /b\nCOPY . /c\nADD "
                     "https://x/secret /d\nCOPY $X /",
                     context),
            "");
  const auto everything = IgnoreFile::parse("*");
  EXPECT_EQ(findings("FROM a\nCOPY . /b", {.ignore = &everything}), "CopyIgnoredFile:2");
  const auto exceptions = IgnoreFile::parse("*\n!src");
  EXPECT_EQ(findings("FROM a\nCOPY . x /b/", {.ignore = &exceptions}), "");
}

TEST(Check, UnreachableStagesAreCheckedForTheirFormOnly) {
  EXPECT_EQ(
      findings("FROM a AS B\nCMD c\nMAINTAINER d\nFROM e\nCMD f", {.reachable = {false, true}}),
      "StageNameCasing:1 MaintainerDeprecated:3 JSONArgsRecommended:5");
}

TEST(Check, RulesCanBeSkippedInTheFileAndAboveOneInstruction) {
  EXPECT_EQ(
      findings(
          "# check=skip=JSONArgsRecommended,StageNameCasing\nFROM a AS B\nCMD c\nMAINTAINER d"),
      "MaintainerDeprecated:4");
  EXPECT_EQ(findings("# check=skip=all\nFROM a AS B\nCMD c"), "");
  EXPECT_EQ(findings("FROM a\n# check=skip=JSONArgsRecommended\nCMD c\nENTRYPOINT d"),
            "JSONArgsRecommended:4");
  EXPECT_EQ(findings("FROM a\n# check=skip=all and why\nCMD c"), "");
}

TEST(Check, OptionsHaveTheirGrammar) {
  const auto options = parse_check_options(" skip = A , B ; error=true; experimental=C");
  EXPECT_TRUE(options.skip.contains("A") && options.skip.contains("B"));
  EXPECT_TRUE(options.error);
  EXPECT_TRUE(options.experimental.contains("C"));
  EXPECT_TRUE(parse_check_options("skip=all").skip_all);
  EXPECT_FALSE(parse_check_options("").error);
  for (const char* bad : {"skip", "x=y", "error=maybe", "skip=A;;"})
    EXPECT_THROW(parse_check_options(bad), Error) << bad;
}

TEST(Check, ErrorTrueMakesFindingsErrors) {
  const auto file = parse("FROM a\nCMD b");
  EXPECT_EQ(check(file, parse_check_options("error=true")).at(0).severity,
            Diagnostic::Severity::Error);
  EXPECT_EQ(check(file, {}).at(0).severity, Diagnostic::Severity::Warning);
  EXPECT_THAT(check(file, {}).at(0).message, HasSubstr("JSON array"));
}

TEST(Check, EveryRuleIsListedOnceInOrder) {
  const auto& rules = check_rules();
  EXPECT_THAT(rules, SizeIs(22));
  EXPECT_TRUE(std::is_sorted(rules.begin(), rules.end(),
                             [](const Rule& a, const Rule& b) { return a.name < b.name; }));
}

TEST(Check, ImageNamesAreTold) {
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

// Each build check with files that break it and files that do not, as lower() finds it.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/parse.h"
#include "graph/lower.h"

namespace slipway::graph {
namespace {

class FakeResolver : public Resolver {
 public:
  ResolvedImage image(const std::string& name, const oci::Platform& platform) override {
    ResolvedImage out;
    out.image.reference = name;
    out.config.platform = name == "foreign" ? oci::parse_platform("linux/s390x") : platform;
    out.config.env = {"PATH=/bin", "BASE=1"};
    if (name == "with-shell") out.config.shell = {"/bin/sh", "-ec"};
    if (name == "with-trigger") out.config.on_build = {"CMD trigger"};
    return out;
  }
};

std::vector<dockerfile::Finding> findings_of(const std::string& text, Survey survey = {},
                                             const std::string& target = "") {
  const auto file = dockerfile::parse(text);
  Request request;
  request.platforms = oci::parse_platforms("linux/amd64,linux/arm64");
  request.build_platform = oci::parse_platform("linux/amd64");
  request.context_dir = "/context";
  request.target = target;
  request.build_args = {{"GIVEN", "1"}};
  survey.checks = dockerfile::check_options(file, request.build_args);
  FakeResolver resolver;
  lower(file, request, resolver, &survey);
  return survey.findings;
}

/// "Rule:line Rule:line"
std::string findings(const std::string& text, Survey survey = {}, const std::string& target = "") {
  std::vector<std::string> found;
  for (const auto& finding : findings_of(text, survey, target))
    found.push_back(finding.rule + ":" + std::to_string(finding.span.line));
  return join(found, " ");
}

std::string messages(const std::string& text) {
  std::string out;
  for (const auto& finding : findings_of(text)) out += finding.message + "\n";
  return out;
}

TEST(Checks, RulesFindWhatTheySayAndNothingElse) {
  const std::pair<const char*, const char*> cases[] = {
      {"FROM a AS b\nRUN c\nCMD [\"d\"]", ""},

      {"FROM a AS Build", "StageNameCasing:1"},
      {"FROM a as b", "FromAsCasing:1"},
      {"from a AS b", "FromAsCasing:1"},
      {"From a as b\nRUN c", "ConsistentInstructionCasing:1"},
      {"from a as b\nrun c", ""},
      {"FROM a\nRUN b \\\n\n c", "NoEmptyContinuation:4"},
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

      {"FROM a:${V:-1}", "UndefinedArgInFrom:1"},
      {"ARG V=1\nFROM a:$V", ""},
      {"ARG GIVEN\nFROM a:$GIVEN", "InvalidDefaultArgInFrom:2"},
      {"ARG V\nFROM a:${V:-1}", ""},
      {"ARG GIVEN=a/B\nFROM a:$GIVEN", "InvalidDefaultArgInFrom:2"},
      {"FROM a-$TARGETARCH", ""},
      {"FROM --platform=${BUILDPLATFROM:-linux/amd64} a", "UndefinedArgInFrom:1"},
      {"FROM --platform=$TARGETPLATFORM a", "RedundantTargetPlatform:1"},
      {"FROM --platform=${TARGETPLATFORM} a", "RedundantTargetPlatform:1"},
      {"FROM --platform=$BUILDPLATFORM a", ""},
      {"FROM --platform=linux/amd64 a", "FromPlatformFlagConstDisallowed:1"},
      {"FROM --platform=linux/amd64 a AS b-amd64", ""},
      {"FROM --platform=linux/x86_64 a AS b_amd64", ""},
      {"FROM --platform=linux/arm64 a AS b_amd64", "FromPlatformFlagConstDisallowed:1"},
      {"FROM --platform=windows/amd64 a AS windows\nFROM b", ""},

      {"FROM a\nWORKDIR b", "WorkdirRelativePath:2"},
      {"FROM a\nWORKDIR /a\nWORKDIR b", ""},
      {"FROM a AS x\nWORKDIR /a\nFROM x\nWORKDIR b", ""},
      {"FROM a AS x\nWORKDIR /a\nFROM y\nWORKDIR b", "WorkdirRelativePath:4"},
      {"FROM a\nENV X=/x\nWORKDIR $X", ""},
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
      {"FROM a\nARG X=1/TCP\nEXPOSE 80 53/udp $X", "ExposeProtoCasing:3"},

      {"# check=experimental=all\n# what\nFROM a AS b", "InvalidDefinitionDescription:3"},
      {"# check=experimental=InvalidDefinitionDescription\n#\n# b what\nFROM a AS b\n# no\nARG c",
       "InvalidDefinitionDescription:6"},
      {"# what\nFROM a AS b", ""},

      {"FROM foreign", "InvalidBaseImagePlatform:1"},
      {"FROM a\nCOPY --from=foreign /x /x", "InvalidBaseImagePlatform:2"},
      {"FROM with-shell\nCMD b", ""},
      {"FROM with-trigger", "JSONArgsRecommended:1"},

      {"FROM a\nENV A=$B", "UndefinedVar:2"},
      {"FROM a\nENV A=${B:-x} C=$BASE D=$PATH", "UndefinedVar:2"},
      {"FROM a\nARG B\nENV A=$B", ""},
      {"ARG B=1\nFROM a\nENV A=$B", "UndefinedVar:3"},
      {"FROM a AS x\nENV B=1\nFROM x\nENV A=$B", ""},
      {"FROM a\nRUN echo $B\nCMD [\"$B\"]\nEXPOSE 8$B", ""},
      {"FROM a\nRUN --mount=type=cache,target=/x$B true", "UndefinedVar:2"},
      {"FROM a\nCOPY <<E /x\n$B\nE\nCOPY <<'E' /x\n$B\nE", "UndefinedVar:2"},
      {"FROM a\nWORKDIR /$B/$B\nCOPY $B $C /d", "UndefinedVar:2 UndefinedVar:3 UndefinedVar:3"},
      {"FROM a\nARG GIVEN=$B", ""},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(findings(text), expected) << text;
}

TEST(Checks, MessagesAreThoseOfBuildKit) {
  EXPECT_EQ(messages("FROM a\nENV FOO=1\nENV B=$FO"),
            "Usage of undefined variable '$FO' (did you mean $FOO?)\n");
  EXPECT_EQ(messages("FROM foreign"),
            "Base image foreign was pulled with platform \"linux/s390x\", expected \"linux/amd64\" "
            "for current build\n");
  EXPECT_EQ(messages("ARG TAG=1\nFROM a:${TAC:-1}"),
            "FROM argument 'TAC' is not declared (did you mean TAG?)\n");
  EXPECT_EQ(messages("FROM a\nenv a b"),
            "Command 'env' should match the case of the command majority (uppercase)\n"
            "\"env key=value\" should be used instead of legacy \"env key value\" format\n");
}

TEST(Checks, CopiesOfIgnoredFilesAreFound) {
  const auto found = [](const char* ignore, const char* text) {
    const auto file = dockerfile::IgnoreFile::parse(ignore);
    Survey survey;
    survey.ignore = &file;
    return findings(text, survey);
  };
  EXPECT_EQ(found("secret\n*.log\nbuild/**\n",
                  "FROM a\nCOPY secret x.log /b/\nADD ./build/x /c\nCOPY ok /d"),
            "CopyIgnoredFile:2 CopyIgnoredFile:2 CopyIgnoredFile:3");
  EXPECT_EQ(
      found("secret\n",
            "FROM a AS b\nFROM a\nCOPY --from=b secret /b\nCOPY . /c\nADD https://x/secret /d"),
      "");
  EXPECT_EQ(found("secret\n", "FROM a\nARG X=secret\nCOPY $X /"), "CopyIgnoredFile:3");
  EXPECT_EQ(found("*", "FROM a\nCOPY . /b"), "CopyIgnoredFile:2");
  EXPECT_EQ(found("*\n!src", "FROM a\nCOPY . x /b/"), "");
}

TEST(Checks, StagesThatAreNotBuiltAreCheckedForTheirFormOnly) {
  const std::string text = "FROM a AS B\nCMD c\nMAINTAINER d\nFROM e\nCMD f";
  EXPECT_EQ(findings(text), "StageNameCasing:1 MaintainerDeprecated:3 JSONArgsRecommended:5");
  Survey all;
  all.all_stages = true;
  EXPECT_EQ(findings(text, all),
            "StageNameCasing:1 MaintainerDeprecated:3 JSONArgsRecommended:2 JSONArgsRecommended:5");
  EXPECT_EQ(findings(text, {}, "b"),
            "StageNameCasing:1 MaintainerDeprecated:3 JSONArgsRecommended:2");
}

TEST(Checks, RulesCanBeSkippedInTheFileAndAboveOneInstruction) {
  EXPECT_EQ(
      findings(
          "# check=skip=JSONArgsRecommended,StageNameCasing\nFROM a AS B\nCMD c\nMAINTAINER d"),
      "MaintainerDeprecated:4");
  EXPECT_EQ(findings("# check=skip=all\nFROM a AS B\nCMD c"), "");
  EXPECT_EQ(findings("FROM a\n# check=skip=JSONArgsRecommended\nCMD c\nENTRYPOINT d"),
            "JSONArgsRecommended:4");
  EXPECT_EQ(findings("FROM a\n# check=skip=all and why\nCMD c"), "");
}

}  // namespace
}  // namespace slipway::graph

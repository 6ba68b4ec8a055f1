#include "cli/parse_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace slipway::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ParsedArgs parse(std::vector<std::string> args, const char* command = "build") {
  return parse_args(*find_command(command), args);
}

std::string error_of(std::vector<std::string> args, const char* command = "build") {
  try {
    parse(std::move(args), command);
  } catch (const Error& e) {
    return e.render();
  }
  return "no error";
}

TEST(ParseArgs, EveryFlagOfEveryCommandIsReadInEverySpelling) {
  for (const Command& command : commands()) {
    std::vector<std::string> arguments(command.min_arguments, "argument");
    for (const auto& flags : {command.flags, common_flags()}) {
      for (const Flag& flag : flags) {
        const std::string name(flag.name);
        std::vector<std::vector<std::string>> spellings;
        if (flag.kind == Flag::Kind::Bool) {
          spellings = {{"--" + name}, {"--" + name + "=true"}, {"--" + name + "=T"}};
          if (flag.letter) spellings.push_back({std::string("-") + flag.letter});
          if (flag.letter) spellings.push_back({std::string("-") + flag.letter + "=1"});
        } else if (flag.kind == Flag::Kind::Optional) {
          spellings = {{"--" + name + "=a=b"}};
        } else {
          spellings = {{"--" + name, "a=b"}, {"--" + name + "=a=b"}};
          if (flag.letter) spellings.push_back({std::string("-") + flag.letter, "a=b"});
          if (flag.letter) spellings.push_back({std::string("-") + flag.letter + "a=b"});
          if (flag.letter) spellings.push_back({std::string("-") + flag.letter + "=a=b"});
        }
        for (auto spelling : spellings) {
          const std::string shown = std::string(command.name) + " " + spelling[0];
          spelling.insert(spelling.end(), arguments.begin(), arguments.end());
          const ParsedArgs args = parse_args(command, spelling);
          ASSERT_TRUE(args.is_set(name)) << shown;
          const bool is_bool = flag.kind == Flag::Kind::Bool;
          EXPECT_TRUE(is_bool ? args.flag(name) : args.value(name) == "a=b") << shown;
          EXPECT_TRUE(name == "help" || args.arguments == arguments) << shown;
        }
      }
    }
  }
}

TEST(ParseArgs, AnOptionalValueNeverTakesTheNextWord) {
  const ParsedArgs args = parse({"--join", "."});
  EXPECT_TRUE(args.is_set("join"));
  EXPECT_EQ(args.value("join"), "");
  EXPECT_EQ(args.arguments, std::vector<std::string>{"."});
  EXPECT_EQ(parse({"--join=run 7", "."}).value("join"), "run 7");
}

TEST(ParseArgs, NoTwoFlagsOfACommandShareANameOrALetter) {
  for (const Command& command : commands()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const auto& flags : {command.flags, common_flags()}) {
      for (const Flag& flag : flags) {
        EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
        EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second) << flag.letter;
      }
    }
  }
}

TEST(ParseArgs, ValuesMayLookLikeFlagsAndMayBeEmpty) {
  EXPECT_THAT(parse({"--build-arg", "-DX=1", "."}).list("build-arg"), ElementsAre("-DX=1"));
  EXPECT_THAT(parse({"--build-arg", "--x", "."}).list("build-arg"), ElementsAre("--x"));
  EXPECT_THAT(parse({"-t", "-o=x", "."}).list("tag"), ElementsAre("-o=x"));
  EXPECT_THAT(parse({"--label=", "."}).list("label"), ElementsAre(""));
  EXPECT_THAT(parse({"--label", "", "."}).list("label"), ElementsAre(""));
  EXPECT_THAT(parse({"--label", "[a,b]", "."}).list("label"), ElementsAre("[a,b]"));
  EXPECT_THAT(parse({"-o", "-", "."}).list("output"), ElementsAre("-"));
  EXPECT_EQ(parse({"-f", "-", "."}).value("file"), "-");
  EXPECT_EQ(parse({"-f-", "."}).value("file"), "-");
}

TEST(ParseArgs, ListsKeepTheirOrderAndOfSingleValuesTheLastCounts) {
  const ParsedArgs args = parse({"-t", "b", "--target=x", ".", "--tag=a", "-tc", "--target", "y"});
  EXPECT_THAT(args.list("tag"), ElementsAre("b", "a", "c"));
  EXPECT_EQ(args.value("target"), "y");
  EXPECT_THAT(args.arguments, ElementsAre("."));
}

TEST(ParseArgs, LettersMayBeJoined) {
  const ParsedArgs args = parse({"-qDt", "name", "."});
  EXPECT_TRUE(args.flag("quiet"));
  EXPECT_TRUE(args.flag("debug"));
  EXPECT_EQ(args.value("tag"), "name");
}

TEST(ParseArgs, BooleansCanBeSwitchedOff) {
  EXPECT_FALSE(parse({"--pull=false", "."}).flag("pull"));
  EXPECT_FALSE(parse({"-q=0", "."}).flag("quiet"));
  EXPECT_TRUE(parse({"--pull=false", "--pull", "."}).flag("pull"));
  EXPECT_FALSE(parse({"."}).flag("pull"));
  EXPECT_THAT(error_of({"--pull=maybe", "."}), HasSubstr("--pull=maybe is neither true nor false"));
  // As in docker, the next word is no value of a boolean.
  EXPECT_THAT(error_of({"--pull", "false", "."}), HasSubstr("takes exactly 1 argument, 2 given"));
}

TEST(ParseArgs, ArgumentsMayStandAnywhereAndBehindTwoDashes) {
  EXPECT_THAT(parse({"-", "-q"}).arguments, ElementsAre("-"));
  EXPECT_THAT(parse({"-q", "--", "--strange-directory"}).arguments,
              ElementsAre("--strange-directory"));
  EXPECT_THAT(parse({"--words", "--", "-x"}, "expand").arguments, ElementsAre("-x"));
  EXPECT_THAT(parse({"--", "[a,b]"}, "expand").arguments, ElementsAre("[a,b]"));
  EXPECT_THAT(parse({"--", ""}, "expand").arguments, ElementsAre(""));
  EXPECT_THAT(parse({"--", "--env=A=1"}, "expand").arguments, ElementsAre("--env=A=1"));
}

TEST(ParseArgs, UnknownFlagsNameWhatWasMeant) {
  EXPECT_EQ(error_of({"--platfrom", "linux/arm64", "."}),
            "unknown flag: --platfrom\n  hint: did you mean --platform?");
  EXPECT_EQ(error_of({"--no-cahce=true", "."}),
            "unknown flag: --no-cahce\n  hint: did you mean --no-cache?");
  EXPECT_EQ(error_of({"-platform=linux/arm64", "."}),
            "unknown flag: -platform=linux/arm64\n  hint: did you mean --platform?");
  EXPECT_THAT(error_of({"--zzzzzzzz", "."}), HasSubstr("`slipway build --help` lists the flags"));
  EXPECT_THAT(error_of({"-x", "."}), HasSubstr("unknown flag: -x"));
  EXPECT_THAT(error_of({"--tag", "x"}, "prune"), HasSubstr("unknown flag: --tag"));
}

TEST(ParseArgs, MissingValuesAndWrongCountsAreErrors) {
  EXPECT_EQ(error_of({".", "--tag"}), "flag needs a value: --tag\n  hint: write --tag name[:tag]");
  EXPECT_THAT(error_of({".", "-t"}), HasSubstr("flag needs a value: -t"));
  EXPECT_EQ(error_of({}),
            "\"slipway build\" takes exactly 1 argument, 0 given\n"
            "  hint: the argument is the build context, \".\" for the working directory");
  EXPECT_THAT(error_of({"a", "b"}), HasSubstr("takes exactly 1 argument, 2 given"));
  EXPECT_THAT(error_of({"a"}, "images"), HasSubstr("takes no arguments, 1 given"));
}

TEST(ParseArgs, HelpIsFoundBeforeMistakes) {
  EXPECT_TRUE(parse({"--help"}).flag("help"));
  EXPECT_TRUE(parse({"--nonsense", "-h", "a", "b"}).flag("help"));
}

TEST(ParseBool, IsGos) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) EXPECT_EQ(parse_bool(yes), true);
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"})
    EXPECT_EQ(parse_bool(no), false);
  for (const char* none : {"", "yes", "tRUE", "on", "2"})
    EXPECT_EQ(parse_bool(none), std::nullopt) << none;
}

}  // namespace
}  // namespace slipway::cli

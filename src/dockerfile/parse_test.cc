// Whole files: stages, global arguments, descriptions, lists of mistakes, and input of any size or
// kind.
#include "dockerfile/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::dockerfile {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(Parse, InstructionsBelongToStages) {
  const auto file = parse(
      "# syntax=docker/dockerfile:1\n"
      "ARG A=1\nARG B\n"
      "# base what all build on\n"
      "FROM a:$A AS Base\nRUN x\n"
      "from base\nUSER u\nUSER v\n",
      "F");
  EXPECT_EQ(file.file_name, "F");
  EXPECT_EQ(file.directives.syntax, "docker/dockerfile:1");
  EXPECT_THAT(file.global_args, SizeIs(2));
  ASSERT_THAT(file.stages, SizeIs(2));
  EXPECT_EQ(file.stages[0].name(), "base");
  EXPECT_EQ(file.stages[0].doc, "what all build on");
  EXPECT_THAT(file.stages[0].instructions, SizeIs(1));
  EXPECT_EQ(file.stages[1].from().image, "base");
  EXPECT_THAT(file.stages[1].instructions, SizeIs(2));
  EXPECT_EQ(keyword_of(file.stages[1].head), "FROM");
}

TEST(Parse, StagesAreFoundByNameInAnyCasingAndByNumber) {
  const auto file = parse("FROM a AS one\nFROM b AS Two\nFROM c AS one\nFROM d");
  EXPECT_EQ(find_stage(file, "TWO", 4), 1u);
  EXPECT_EQ(find_stage(file, "one", 4), 2u);
  EXPECT_EQ(find_stage(file, "one", 2), 0u);
  EXPECT_EQ(find_stage(file, "3", 4), 3u);
  EXPECT_EQ(find_stage(file, "3", 3), std::nullopt);
  EXPECT_EQ(find_stage(file, "three", 4), std::nullopt);
  EXPECT_EQ(find_stage(file, "", 4), std::nullopt);
}

std::string failure(std::string_view text) {
  try {
    parse(text, "F");
  } catch (const Error& error) {
    return error.render();
  }
  return "";
}

TEST(Parse, AFileNeedsAStageFirst) {
  EXPECT_EQ(failure("ARG a\n"),
            "F:1:1: dockerfile contains no stages to build\n   1 | ARG a\n     | ^\n  hint: it "
            "needs a FROM");
  EXPECT_THAT(
      failure("ARG a\nRUN b\nUSER c\nFROM d"),
      HasSubstr("F:2:1: RUN before the first FROM\n   2 | RUN b\n     | ^~~\n  hint: only ARG"));
  EXPECT_THAT(failure("RUN b\nUSER c\nFROM d"), Not(HasSubstr("USER before")));
  // A bad FROM is a FROM.
  EXPECT_THAT(failure("FROM a b\nUSER c"), Not(HasSubstr("before the first FROM")));
}

TEST(Parse, AnErrorShowsTheLineAndACaret) {
  EXPECT_EQ(failure("FROM a\n\n\tRUN --netwrk=none \\\n    x\n"),
            "F:3:6: unknown flag: --netwrk\n"
            "   3 |  RUN --netwrk=none \\\n"
            "     |      ^~~~~~~~~~~~~\n"
            "  hint: did you mean --network?");
  EXPECT_EQ(failure("FROM a\nLABEL x=\"\xc3\xa9\xc3\xa9\" y"),
            "F:2:16: can't find = in \"y\": must be of the form name=value\n"
            "   2 | LABEL x=\"\xc3\xa9\xc3\xa9\" y\n"
            "     |              ^\n"
            "  hint: a value with blanks needs quotes");
}

TEST(Parse, OnlyTheRelevantPartOfALongLineIsShown) {
  const std::string text =
      "FROM a\nENV " + std::string(5000, 'a') + "=1 b " + std::string(5000, 'c') + "=1";
  const std::string shown = failure(text);
  EXPECT_LT(shown.size(), 500u);
  EXPECT_THAT(shown, HasSubstr("aa=1 b cc"));
  EXPECT_THAT(shown, HasSubstr("F:2:5008: can't find = in \"b\""));
}

TEST(Parse, EveryIndependentMistakeIsListed) {
  const std::string text =
      "FROM a AS 1\n"
      "RNU x\n"
      "COPY --form=a --lnik b c\n"
      "RUN --mount=taget=/x --network=hots y\n"
      "EXPOSE 80/tpc 99999\n"
      "ENV a\n"
      "CMD [1]\n";
  const std::string shown = failure(text);
  for (const char* expected :
       {"F:1:11: invalid name for build stage", "F:2:1: unknown instruction: RNU",
        "F:3:6: unknown flag: --form", "F:3:15: unknown flag: --lnik",
        "F:4:22: invalid network mode", "F:6:5: ENV must have two arguments", "F:7:6: when using JSON array syntax"})
    EXPECT_THAT(shown, HasSubstr(expected));
  EXPECT_THAT(try_parse(text).mistakes, SizeIs(7));
}

TEST(Parse, AMisspeltRunDoesNotMakeItsHeredocAMistake) {
  EXPECT_THAT(try_parse("FROM a\nRNU <<E\nline one\nline two\nE\nUSER x").mistakes, SizeIs(1));
  EXPECT_THAT(try_parse("FROM a\nRNU <<E\nUSER x\nUSRE y").mistakes, SizeIs(2));
  EXPECT_THAT(try_parse("FROM a\nCOPY --x=y <<E /d\nline one\nE\nUSER x").mistakes, SizeIs(1));
}

TEST(Parse, TwentyMistakesAreListedAndTheOthersCounted) {
  std::string text = "FROM a\n";
  for (int i = 0; i < 33; ++i) text += "BAD line\n";
  EXPECT_THAT(try_parse(text).mistakes, SizeIs(20));
  EXPECT_TRUE(failure(text).ends_with("\nand 13 more"));
}

TEST(Parse, GoodInstructionsSurviveBadOnes) {
  const auto result = try_parse("FROM a\nUSER x\nBAD\nWORKDIR /y\n");
  EXPECT_THAT(result.mistakes, SizeIs(1));
  EXPECT_THAT(result.file.stages.at(0).instructions, SizeIs(2));
}

TEST(Parse, ParseOneTakesOneInstruction) {
  EXPECT_EQ(parse_one("RUN a", "base image").as<dockerfile::Run>()->command.text, "a");
  EXPECT_EQ(parse_one("WORKDIR a`b `\n c", "x", '`').as<Workdir>()->path, "a`b  c");
  EXPECT_THROW(parse_one("RUN a\nRUN b", "x"), Error);
  EXPECT_THROW(parse_one("", "x"), Error);
  try {
    parse_one("RUUN a", "ONBUILD of debian");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "ONBUILD of debian:1:1");
  }
}

// Sizes and shapes that must end soon; a quadratic step anywhere would take minutes.
TEST(Parse, MegabytesOfAnythingAreReadOnce) {
  constexpr size_t kSize = 500'000;
  const auto repeat = [](std::string_view part, size_t size) {
    std::string text;
    text.reserve(size + part.size());
    while (text.size() < size) text += part;
    return text;
  };
  std::string garbage;
  uint32_t state = 1;
  while (garbage.size() < 10 * kSize)
    garbage += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  EXPECT_THAT(try_parse(garbage).mistakes, SizeIs(20));
  EXPECT_THAT(try_parse(std::string(kSize, '\0')).mistakes, SizeIs(1));
  EXPECT_THAT(try_parse(std::string(kSize, 'x')).mistakes, SizeIs(1));
  EXPECT_THAT(failure(repeat("CMD\n", kSize)), HasSubstr("more than 100000 instructions"));
  EXPECT_THAT(try_parse("FROM a\nRUN b " + repeat("\\\n c", kSize)).mistakes, IsEmpty());
  EXPECT_THAT(try_parse("FROM a\nRUN <<E\n" + repeat("line\n", kSize) + "E\n").mistakes, IsEmpty());
  EXPECT_THAT(try_parse("FROM a\n" + repeat("RUN <<E\n", kSize)).mistakes, SizeIs(1));
  EXPECT_THAT(try_parse("FROM a\n" + repeat("RNU <<E\n", kSize)).mistakes, SizeIs(20));
  EXPECT_THAT(try_parse("FROM a\nRUN " + repeat("<<E \\\n", kSize) + "\n").mistakes, SizeIs(1));
  EXPECT_THAT(try_parse("FROM a\n" + repeat("ONBUILD ", 60000) + "RUN x").mistakes, SizeIs(1));
  EXPECT_THAT(try_parse("FROM a\nCMD " + repeat("[", 60000)).mistakes, IsEmpty());
  EXPECT_THAT(try_parse("FROM a\nENV " + repeat("a=b \\\n", kSize) + "c=d").mistakes, IsEmpty());
  EXPECT_THAT(try_parse("FROM a\nCOPY " + repeat("a \\\n", kSize) + "/d").mistakes, IsEmpty());
  EXPECT_THAT(try_parse("FROM a\nCOPY " + repeat("--x \\\n", kSize) + " a b").mistakes, SizeIs(20));
}

}  // namespace
}  // namespace slipway::dockerfile

#include "report/summary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "report/script_test.h"

namespace slipway::report {
namespace {

TEST(Summary, ABuildOfManyStepsShowsTheDearestInOrderOfThePlan) {
  History history(0);
  for (int i = 0; i < 40; ++i) history.add(Script::step("step " + std::to_string(i)));
  for (StepId i = 0; i < 40; ++i)
    history.finish(i, StepState::Done, Script::native(i % 2 ? 5 : 1, 1), "", 10);
  const std::string text = render_summary(history, 12, 0);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 30 + 1 + 1);
  EXPECT_TRUE(text.contains(" step 39 ")) << text;
  EXPECT_FALSE(text.contains(" step 38 ")) << text;  // the last of the cheap ones go
  EXPECT_LT(text.find(" step 1 "), text.find(" step 39 "));
  EXPECT_TRUE(text.contains(" ... and 10 that took less\n")) << text;
}

TEST(Summary, ABuildThatFailedBeforeItsFirstStepHasNone) {
  EXPECT_EQ(render_summary(History(5), 5.25, 80), "");
}

TEST(Summary, BookkeepingIsShownOnlyWhereItTookLong) {
  History history(0);
  history.add(Script::step("[internal] load build context", seams::StepKind::Source));
  history.add(Script::step("[internal] scratch", seams::StepKind::Source));
  history.finish(0, StepState::Done, Script::native(2, 0), "", 2);
  history.finish(1, StepState::Done, {}, "", 2);
  EXPECT_EQ(render_summary(history, 2, 0),
            " STEP                           PLATFORM  TIME  HOW     CPU\n"
            " [internal] load build context  -         2.0s  native    -\n"
            "Total 2.0s: 0 steps\n");
}

TEST(Summary, NamesAreCutWhereTheTerminalIsNarrow) {
  History history(0);
  history.add(
      Script::step("[linux/amd64 build 2/4] RUN a very long command that nobody reads to its end"));
  history.finish(0, StepState::Done, Script::native(1, 1), "", 1);
  const std::string text = render_summary(history, 1, 45);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 45u) << text;
    begin = end + 1;
  }
}

TEST(History, ALineWithoutEndIsCutAtItsLimit) {
  History history(0);
  history.add(Script::step("a"));
  history.start(0, 0);
  const auto lines = history.output(0, std::string(3 * History::kMaxLine + 5, 'x'), 1);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text.size(), History::kMaxLine);
  EXPECT_EQ(history.step(0).partial, "xxxxx");
}

TEST(History, OnlyTheLastLinesOfAStepAreKept) {
  History history(0);
  history.add(Script::step("a"));
  history.start(0, 0);
  for (int i = 0; i < 200; ++i) history.output(0, std::to_string(i) + "\n", 1);
  EXPECT_EQ(history.step(0).tail.size(), History::kTail);
  EXPECT_EQ(history.step(0).tail.back().text, "199");
}

}  // namespace
}  // namespace slipway::report

#include <gtest/gtest.h>

#include "report/script_test.h"

namespace slipway::report {
namespace {

using seams::StepKind;
using seams::StepState;

TEST(Plain, OneStepAfterTheOtherReadsAsBuildKitWritesIt) {
  Script s(Mode::Plain);
  s.observer->on_plan({Script::step("[1/3] FROM debian:12", StepKind::Source),
                       Script::step("[2/3] RUN echo hi"),
                       Script::step("[3/3] COPY . /app", StepKind::File)});
  s.observer->on_finished(0, StepState::Cached, {}, "");
  s.observer->on_started(1);
  s.now += 0.412;
  s.observer->on_output(1, "hi\nhalf", false);
  s.now += 11;
  s.observer->on_output(1, " a line\nno end", true);
  s.observer->on_finished(1, StepState::Done, Script::native(11.4, 3), "");
  s.observer->on_started(2);
  s.now += 0.26;
  s.observer->on_finished(2, StepState::Done, {}, "");
  EXPECT_EQ(s.take(),
            "#1 [1/3] FROM debian:12\n"
            "#1 CACHED\n"
            "\n"
            "#2 [2/3] RUN echo hi\n"
            "#2 0.412 hi\n"
            "#2 11.41 half a line\n"
            "#2 11.41 no end\n"
            "#2 DONE 11.4s\n"
            "\n"
            "#3 [3/3] COPY . /app\n"
            "#3 DONE 0.3s\n");
}

TEST(Plain, OutputOfOtherStepsWaitsUntilTheCurrentOneEnds) {
  Script s(Mode::Plain);
  s.observer->on_plan({Script::step("[a]"), Script::step("[b]")});
  s.observer->on_started(0);
  s.observer->on_started(1);
  s.observer->on_output(1, "from b\n", false);
  s.now += 0.5;
  s.observer->on_output(0, "from a\n", false);
  EXPECT_EQ(s.take(), "#1 [a]\n#1 0.500 from a\n");
  s.observer->on_finished(0, StepState::Done, {}, "");
  EXPECT_EQ(s.take(), "#1 DONE 0.5s\n\n#2 [b]\n#2 0.000 from b\n");
}

TEST(Plain, AStepThatSaysNothingForASecondGivesWay) {
  Script s(Mode::Plain);
  s.observer->on_plan({Script::step("[a]"), Script::step("[b]")});
  s.observer->on_started(0);
  s.observer->on_started(1);
  s.take();
  s.now += 1;
  s.observer->on_output(1, "from b\n", false);
  EXPECT_EQ(s.take(), "#1 ...\n\n#2 [b]\n#2 1.000 from b\n");
  s.observer->on_finished(0, StepState::Done, {}, "");
  EXPECT_EQ(s.take(), "#2 ...\n\n#1 [a]\n#1 DONE 1.0s\n");
}

TEST(Plain, AStepThatAlwaysTalksGivesWayAfterFiveSeconds) {
  Script s(Mode::Plain);
  s.observer->on_plan({Script::step("[a]"), Script::step("[b]")});
  s.observer->on_started(0);
  s.observer->on_started(1);
  s.observer->on_output(1, "waits\n", false);
  for (int i = 0; i < 10; ++i) {
    s.now += 0.5;
    s.observer->on_output(0, "talk\n", false);
  }
  const std::string out = s.take();
  EXPECT_TRUE(out.ends_with("#1 5.000 talk\n#1 ...\n\n#2 [b]\n#2 0.000 waits\n")) << out;
}

TEST(Plain, TransfersAreReportedEveryFiveSecondsAndAtTheirEnd) {
  Script s(Mode::Plain);
  s.observer->on_plan({Script::step("[1/2] FROM debian:12", StepKind::Source)});
  s.observer->on_started(0);
  s.observer->on_progress(0, "sha256:ab12", 0, 50'000'000);
  s.now += 2;
  s.observer->on_progress(0, "sha256:ab12", 10'000'000, 50'000'000);
  s.now += 3;
  s.observer->on_progress(0, "sha256:ab12", 25'000'000, 50'000'000);
  s.now += 1;
  s.observer->on_progress(0, "sha256:ab12", 50'000'000, 50'000'000);
  s.observer->on_progress(0, "sha256:ab12", 50'000'000, 50'000'000);
  EXPECT_EQ(s.take(),
            "#1 [1/2] FROM debian:12\n"
            "#1 sha256:ab12 25.0 MB / 50.0 MB 5.0s\n"
            "#1 sha256:ab12 50.0 MB / 50.0 MB 6.0s done\n");
}

TEST(Plain, TheEndHasWarningsAndASummary) {
  Script s(Mode::Plain);
  s.observer->on_plan(
      {Script::step("[linux/arm64 1/3] FROM debian:12", StepKind::Source, "linux/arm64"),
       Script::step("[linux/arm64 2/3] RUN make", StepKind::Run, "linux/arm64"),
       Script::step("[linux/amd64 2/3] RUN make", StepKind::Run, "linux/amd64"),
       Script::step("[linux/arm64 3/3] RUN false", StepKind::Run, "linux/arm64"),
       Script::step("[internal] load build context", StepKind::Other)});
  s.observer->on_finished(4, StepState::Done, {}, "");
  s.observer->on_finished(0, StepState::Cached, {}, "");
  s.observer->on_started(1);
  s.now += 70;
  s.observer->on_finished(1, StepState::Done, Script::emulated(70, 65, 64), "");
  s.observer->on_started(2);
  s.now += 5;
  s.observer->on_warning("the image has no user", "Dockerfile:3");
  s.observer->on_warning("the image has no user", "Dockerfile:3");
  s.observer->on_finished(2, StepState::Cancelled, {}, "");
  s.observer->on_started(3);
  s.now += 1;
  s.observer->on_output(3, "about to fail\n", true);
  s.observer->on_finished(3, StepState::Failed, Script::emulated(1, 0.5, 0.4), "exit code: 1");
  s.take();
  s.observer->on_end(false);
  EXPECT_EQ(s.take(),
            "\n"
            " 1 warning found:\n"
            " - Dockerfile:3: the image has no user\n"
            "\n"
            " STEP                              PLATFORM       TIME  HOW          CPU\n"
            " [linux/arm64 1/3] FROM debian:12  linux/arm64    0.0s  cached         -\n"
            " [linux/arm64 2/3] RUN make        linux/arm64  1m 10s  emulated  1m 05s\n"
            " [linux/arm64 3/3] RUN false       linux/arm64    1.0s  failed      0.5s\n"
            "Total 1m 16s: 3 steps, 1 cached (33 %), CPU 1m 06s, 1m 04s of it emulated\n");
}

TEST(Plain, ACancelledStepThatNeverShowedStaysSilent) {
  Script s(Mode::Plain);
  s.observer->on_plan({Script::step("[a]"), Script::step("[b]")});
  s.observer->on_started(0);
  s.observer->on_finished(1, StepState::Cancelled, {}, "");
  s.observer->on_finished(0, StepState::Cancelled, {}, "");
  EXPECT_EQ(s.take(), "#1 [a]\n#1 CANCELED\n");
}

TEST(Plain, AFailureIsOneLine) {
  Script s(Mode::Plain);
  const auto id = s.observer->on_step_added(Script::step("[2/2] RUN false"));
  s.observer->on_started(id);
  s.observer->on_finished(id, StepState::Failed, {},
                          "process \"/bin/sh -c false\" failed: exit code: 1");
  EXPECT_EQ(s.take(),
            "#1 [2/2] RUN false\n#1 ERROR: process \"/bin/sh -c false\" failed: exit code: 1\n");
}

TEST(Quiet, SaysNothingWhateverHappens) {
  Script s(Mode::Quiet);
  s.observer->on_plan({Script::step("[1/1] RUN make")});
  const auto id = s.observer->on_step_added(Script::step("exporting"));
  EXPECT_EQ(id, 1u);
  s.observer->on_started(0);
  s.observer->on_output(0, "text\n", false);
  s.observer->on_warning("careful", "");
  s.observer->on_finished(0, StepState::Failed, {}, "exit code: 2");
  s.observer->on_end(false);
  EXPECT_EQ(s.take(), "");
}

}  // namespace
}  // namespace slipway::report

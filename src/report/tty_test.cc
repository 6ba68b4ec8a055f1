#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "report/frame.h"
#include "report/palette.h"
#include "report/script_test.h"
#include "report/text.h"

namespace slipway::report {
namespace {

using seams::StepKind;

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

TEST(Frame, RunningStepsShowTimeBarsAndLastLines) {
  History history(100);
  history.add(Script::step("[1/3] FROM debian:12", StepKind::Source));
  history.add(Script::step("[2/3] RUN make"));
  history.add(Script::step("[3/3] RUN later"));
  history.start(0, 100);
  history.progress(0, "sha256:ab12cd34", 12'300'000, 40'000'000, 101);
  history.progress(0, "sha256:complete", 5, 5, 101);
  history.start(1, 102);
  history.output(1, "one\ntwo\nthree\nfour\nfi", 103);
  Options options;
  options.log_lines = 3;
  EXPECT_EQ(joined(render_frame(history, 112.5, {80, 24}, options)),
            "[+] Building 12.5s (0/3)\n"
            " => [1/3] FROM debian:12                                                  12.5s\n"
            " => => sha256:ab12cd34               [======>             ]   12.3 MB / 40.0 MB\n"
            " => [2/3] RUN make                                                        10.5s\n"
            " => => # three\n"
            " => => # four\n"
            " => => # fi\n");
}

TEST(Frame, LastLinesGoFirstWhereRowsAreFewThenWholeSteps) {
  History history(0);
  for (StepId i = 0; i < 6; ++i) {
    history.add(Script::step("step " + std::to_string(i)));
    history.start(i, 0);
    history.output(i, "a\nb\nc\n", 0);
  }
  const auto frame = render_frame(history, 1, {40, 10}, {});
  EXPECT_EQ(frame.size(), 9u);
  EXPECT_TRUE(frame[1].starts_with(" => step 0"));
  const auto small = render_frame(history, 1, {40, 6}, {});
  EXPECT_EQ(joined(small),
            "[+] Building 1.0s (0/6)\n"
            " => step 0                         1.0s\n"
            " => step 1                         1.0s\n"
            " => step 2                         1.0s\n"
            " ... and 3 more\n");
}

TEST(Frame, NeverWiderOrHigherThanTheTerminal) {
  History history(0);
  for (StepId i = 0; i < 8; ++i) {
    history.add(Script::step("[linux/arm64 build 2/4] RUN \xe6\xbc\xa2\xe5\xad\x97 and so on " +
                             std::to_string(i)));
    history.start(i, 0);
    history.output(i, std::string(300, 'x') + "\n\x1b[31m" + std::string(300, 'y') + "\n", 0);
    history.progress(i, "sha256:0123456789abcdef", 1, 3, 0);
  }
  Options options;
  options.palette = Palette::standard();
  for (const Size size :
       {Size{200, 50}, Size{80, 24}, Size{61, 9}, Size{30, 5}, Size{20, 3}, Size{1, 1}}) {
    const auto frame = render_frame(history, 1, size, options);
    EXPECT_LE(static_cast<int>(frame.size()), std::max(2, size.rows - 1)) << size.columns;
    for (const auto& line : frame)
      EXPECT_LT(static_cast<int>(columns_of(line)), std::max(20, size.columns)) << line;
  }
}

TEST(Frame, FinishedStepsSayHowTheyEnded) {
  History history(0);
  const auto line = [&](StepState state, const seams::StepCost& cost, bool started) {
    const StepId id = history.add(Script::step("RUN make"));
    if (started) history.start(id, 0);
    history.finish(id, state, cost, "", 2);
    return render_finished(history.step(id), 2, {40, 24}, {});
  };
  EXPECT_EQ(line(StepState::Done, Script::native(2, 1), true),
            " => RUN make                       2.0s");
  EXPECT_EQ(line(StepState::Done, Script::emulated(2, 1, 1), true),
            " => RUN make              emulated 2.0s");
  EXPECT_EQ(line(StepState::Cached, {}, false), " => CACHED RUN make                0.0s");
  EXPECT_EQ(line(StepState::Failed, {}, true), " => ERROR RUN make                 2.0s");
  EXPECT_EQ(line(StepState::Cancelled, {}, true), " => CANCELED RUN make              2.0s");
  EXPECT_EQ(line(StepState::Cancelled, {}, false), "");
}

TEST(Tty, AFrameErasesTheOneBeforeAndLeavesTheCursorVisible) {
  Script s(Mode::Tty);
  s.observer->on_plan({Script::step("RUN a")});
  s.observer->on_started(0);
  EXPECT_EQ(s.take(),
            "\x1b[?25l[+] Building 0.0s (0/1)\n => RUN a                                           "
            "   0.0s\x1b[?25h");
  s.observer->on_output(0, "hello\n", false);
  EXPECT_EQ(s.take(),
            "\x1b[?25l\r\x1b[1A\x1b[J[+] Building 0.0s (0/1)\n"
            " => RUN a                                              0.0s\n => => # hello\x1b[?25h");
  s.now += 1;
  s.observer->on_finished(0, StepState::Done, {}, "");
  EXPECT_EQ(s.take(),
            "\x1b[?25l\r\x1b[2A\x1b[J => RUN a                                              1.0s\n"
            "[+] Building 1.0s (1/1)\x1b[?25h");
  s.observer->on_end(true);
  EXPECT_EQ(s.take(),
            "\r\x1b[J\n STEP   PLATFORM  TIME  HOW  CPU\n RUN a  -         1.0s  -      -\n"
            "Total 1.0s: 1 step, 0 cached (0 %)\n");
}

TEST(Tty, ANarrowerTerminalIsErasedByTheRowsItsLinesTakeNow) {
  Script s(Mode::Tty);
  s.observer->on_plan({Script::step("RUN a")});
  s.observer->on_started(0);
  s.take();
  s.size = {30, 12};
  s.now += 1;
  s.observer->on_output(0, "x\n", false);
  // The head line takes one row, the step's 59 columns two.
  EXPECT_TRUE(s.take().starts_with("\x1b[?25l\r\x1b[2A\x1b[J"));
}

TEST(Tty, AnObserverThatIsDroppedWithoutEndErasesItsFrame) {
  Script s(Mode::Tty);
  s.observer->on_plan({Script::step("RUN a")});
  s.observer->on_started(0);
  s.take();
  s.observer.reset();
  EXPECT_EQ(s.take(), "\r\x1b[1A\x1b[J");
}

TEST(MakeObserver, TtyOnAFileIsRefusedWithAWayOut) {
  Options options;
  options.fd = -1;
  try {
    make_observer(Mode::Tty, options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_TRUE(e.render().contains("--progress=plain")) << e.render();
  }
}

TEST(MakeObserver, ModesHaveTheNamesOfBuildKit) {
  EXPECT_EQ(parse_mode("auto"), Mode::Auto);
  EXPECT_EQ(parse_mode("plain"), Mode::Plain);
  EXPECT_EQ(parse_mode("tty"), Mode::Tty);
  EXPECT_EQ(parse_mode("rawjson"), Mode::RawJson);
  EXPECT_EQ(parse_mode("quiet"), Mode::Quiet);
  EXPECT_EQ(parse_mode("none"), Mode::Quiet);
  EXPECT_EQ(parse_mode("pretty"), std::nullopt);
}

TEST(Environment, ColorsAndLogLinesAreRead) {
  std::map<std::string, std::string> variables = {
      {"BUILDKIT_COLORS", "run=123,20,245:error=Light-Red:Cancel=blue"},
      {"BUILDKIT_TTY_LOG_LINES", "12"}};
  const auto get = [&](const char* name) {
    return variables.contains(name) ? variables[name].c_str() : nullptr;
  };
  std::vector<std::string> complaints;
  const Options options = options_from_environment(get, &complaints);
  EXPECT_EQ(options.palette.run, "\x1b[38;2;123;20;245m");
  EXPECT_EQ(options.palette.error, "\x1b[91m");
  EXPECT_EQ(options.palette.cancel, "\x1b[34m");
  EXPECT_EQ(options.log_lines, 12u);
  EXPECT_TRUE(complaints.empty());
}

TEST(Environment, WhatIsWrongIsLeftOutAndNamed) {
  std::map<std::string, std::string> variables = {
      {"BUILDKIT_COLORS", "run=pink:walk=red:error=1,2,300:cancel"},
      {"BUILDKIT_TTY_LOG_LINES", "many"}};
  const auto get = [&](const char* name) {
    return variables.contains(name) ? variables[name].c_str() : nullptr;
  };
  std::vector<std::string> complaints;
  const Options options = options_from_environment(get, &complaints);
  EXPECT_EQ(options.palette.run, Palette::standard().run);
  EXPECT_EQ(options.log_lines, 6u);
  ASSERT_EQ(complaints.size(), 5u);
  EXPECT_TRUE(complaints[1].contains("\"walk\"")) << complaints[1];
}

TEST(Environment, NoColorAndDumbTerminalsHaveNoColors) {
  for (const char* name : {"NO_COLOR", "TERM"}) {
    const auto get = [&](const char* asked) {
      return std::string_view(asked) == name ? "dumb" : nullptr;
    };
    const Options options = options_from_environment(get);
    EXPECT_EQ(options.palette.run, "");
    EXPECT_EQ(options.can_redraw, std::string_view(name) == "NO_COLOR");
  }
}

}  // namespace
}  // namespace slipway::report

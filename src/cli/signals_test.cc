#include "cli/signals.h"

#include <gtest/gtest.h>

#include <csignal>
#include <future>

namespace slipway::cli {
namespace {

TEST(Signals, TheFirstOneAsksToStop) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Signals signals;
    EXPECT_EQ(Signals::received(), 0);
    std::promise<void> stopped;
    const std::stop_callback callback(signals.token(), [&] { stopped.set_value(); });
    ::raise(signal);
    stopped.get_future().wait();
    EXPECT_EQ(Signals::received(), signal);
  }
}

TEST(Signals, WithoutOneNothingIsAskedFor) {
  std::stop_token token;
  {
    const Signals signals;
    token = signals.token();
    ::raise(SIGPIPE);  // ends nothing meanwhile
  }
  EXPECT_FALSE(token.stop_requested());
}

TEST(SignalsDeathTest, TheSecondOneEndsTheProcessAtOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const Signals signals;
        ::raise(SIGINT);
        ::raise(SIGTERM);
      },
      ::testing::ExitedWithCode(128 + SIGTERM), "");
}

}  // namespace
}  // namespace slipway::cli

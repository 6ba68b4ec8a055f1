#include "base/parallel.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace slipway {
namespace {

TEST(InParallel, DoesEveryPieceOnce) {
  for (const size_t threads : {size_t{1}, size_t{4}, size_t{100}}) {
    std::mutex mutex;
    std::multiset<size_t> seen;
    in_parallel(57, threads, [&](size_t i) {
      const std::lock_guard lock(mutex);
      seen.insert(i);
    });
    EXPECT_EQ(seen.size(), 57u);
    EXPECT_EQ(std::set<size_t>(seen.begin(), seen.end()).size(), 57u);
  }
  in_parallel(0, 4, [](size_t) { FAIL(); });
}

TEST(InParallel, StopsAtTheFirstFailureAndTellsIt) {
  std::atomic<size_t> done{0};
  EXPECT_THROW(in_parallel(1000, 4,
                           [&](size_t i) {
                             if (i == 10) throw std::runtime_error("ten");
                             ++done;
                           }),
               std::runtime_error);
  EXPECT_LT(done, 1000u);
}

}  // namespace
}  // namespace slipway

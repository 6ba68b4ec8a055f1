#include "base/shared_text.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace slipway {
namespace {

TEST(SharedText, CopiesShareTheirCharacters) {
  const SharedText one("some/long/path/that/does/not/fit/into/a/string/object");
  const SharedText other = one;
  EXPECT_EQ(one.data(), other.data());
  EXPECT_EQ(one, other);
  EXPECT_EQ(other, std::string(one));
}

TEST(SharedText, KeepsZeroBytesAndEndsWithOne) {
  const std::string bytes("a\0b", 3);
  const SharedText text(bytes);
  EXPECT_EQ(text.size(), 3u);
  EXPECT_EQ(text.view(), bytes);
  EXPECT_EQ(text.data()[3], '\0');
}

TEST(SharedText, TheEmptyOneHasNothingBehindIt) {
  SharedText text("x");
  const SharedText copy = text;
  text.clear();
  EXPECT_TRUE(text.empty());
  EXPECT_STREQ(text.c_str(), "");
  EXPECT_EQ(copy, "x");
  EXPECT_TRUE(SharedText(std::string()).empty());
}

TEST(SharedText, AssigningToItselfKeepsIt) {
  SharedText text("self");
  const SharedText& alias = text;
  text = alias;
  EXPECT_EQ(text, "self");
  SharedText taken = std::move(text);
  EXPECT_EQ(taken, "self");
}

TEST(SharedText, ThreadsMayCopyAndDropTheSameText) {
  const SharedText text("shared between threads");
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const SharedText copy = text;
        ASSERT_EQ(copy.size(), text.size());
      }
    });
  threads.clear();
  EXPECT_EQ(text, "shared between threads");
}

}  // namespace
}  // namespace slipway

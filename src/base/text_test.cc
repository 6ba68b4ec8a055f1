#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace slipway {
namespace {

using ::testing::ElementsAre;

TEST(Text, SplitKeepsEmptyPartsAndJoinIsItsInverse) {
  EXPECT_THAT(split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_EQ(join(split("a,,b,", ','), ","), "a,,b,");
}

TEST(Text, TrimTakesBlanksTabsAndLineEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, CaseIsAsciiOnly) {
  EXPECT_EQ(to_lower("ÄRGER x"), "Ärger x");
  EXPECT_EQ(to_upper("straße"), "STRAßE");
}

TEST(Text, Base64HasItsPadding) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("\xff\xfe\xfd"), "//79");
}

TEST(Text, NumbersAreReadWholeOrNotAtAll) {
  EXPECT_EQ(parse_u64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(parse_u64("18446744073709551616"), std::nullopt);
  for (const char* wrong : {"", " 1", "1 ", "+1", "-1", "0x1", "1e3"})
    EXPECT_EQ(parse_u64(wrong), std::nullopt) << wrong;
  EXPECT_EQ(parse_u64("755", 8), 0755u);
  EXPECT_EQ(parse_i64("-9"), -9);
  EXPECT_EQ(parse_i64("--9"), std::nullopt);
}

TEST(Text, SizesArePowersOf1024) {
  EXPECT_EQ(parse_size("512"), 512u);
  EXPECT_EQ(parse_size("64k"), 65536u);
  EXPECT_EQ(parse_size("1.5g"), 1610612736u);
  EXPECT_EQ(parse_size("2GiB"), 2147483648u);
  for (const char* wrong : {"", "k", "1x", "-1", "1.5.5g", "99999999999999999999g"})
    EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
}

TEST(Text, DurationsAreGos) {
  EXPECT_EQ(parse_go_duration("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(parse_go_duration("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_go_duration("500ms"), 500'000'000);
  EXPECT_EQ(parse_go_duration("-2us"), -2'000);
  EXPECT_EQ(parse_go_duration("0"), 0);
  for (const char* wrong : {"", "5", "s", "1 s", "1d", "9999999999h"})
    EXPECT_EQ(parse_go_duration(wrong), std::nullopt) << wrong;
}

TEST(Text, WhatPeopleReadIsShort) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(1'500'000), "1.50 MB");
  EXPECT_EQ(human_duration(0.31), "0.3s");
  EXPECT_EQ(human_duration(200), "3m 20s");
}

TEST(Text, TheClosestWordIsOneThatMayBeMeant) {
  const std::vector<std::string> words{"target", "platform", "tag"};
  EXPECT_EQ(closest("tagret", words), "target");
  EXPECT_EQ(closest("platfrom", words), "platform");
  EXPECT_EQ(closest("xyz", words), std::nullopt);
}

}  // namespace
}  // namespace slipway

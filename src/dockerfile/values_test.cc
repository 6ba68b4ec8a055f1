// Ports and signals as EXPOSE and STOPSIGNAL take them.
#include "dockerfile/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace slipway::dockerfile {
namespace {

using ::testing::ElementsAre;

TEST(Values, APortHasAProtocolAndMayBeARange) {
  EXPECT_THAT(parse_port("80").ports, ElementsAre("80/tcp"));
  EXPECT_THAT(parse_port("80/").ports, ElementsAre("80/tcp"));
  EXPECT_THAT(parse_port("8000-8002/UDP").ports, ElementsAre("8000/udp", "8001/udp", "8002/udp"));
  EXPECT_TRUE(parse_port("80/TCP").upper_case);
  EXPECT_FALSE(parse_port("80").has_address);
}

TEST(Values, AddressesAndHostPortsArePassedOver) {
  for (const char* text : {"127.0.0.1:1:2", "1:2", "[::1]:1:2", "127.0.0.1::2", "8000-8010:2"}) {
    EXPECT_THAT(parse_port(text).ports, ElementsAre("2/tcp")) << text;
    EXPECT_TRUE(parse_port(text).has_address) << text;
  }
}

TEST(Values, WhatIsNoPortIsRefused) {
  for (const char* bad :
       {"", "x", "80/tcpp", "70000", "9-8", "80-", "/tcp", "-1", "a.b:1:2", "1:x:2", "80:"})
    EXPECT_THROW(parse_port(bad), Error) << bad;
}

TEST(Values, SignalsHaveNamesAndNumbers) {
  for (const char* good : {"SIGTERM", "term", "9", "SIGRTMIN+3", "RTMAX-14", "sigusr1"})
    EXPECT_TRUE(is_signal(good)) << good;
  for (const char* bad : {"SIGFOO", "0", "RTMIN+16", "RTMIN+", "SIG", "SIGTERM x", "$SIG", ""})
    EXPECT_FALSE(is_signal(bad)) << bad;
}

}  // namespace
}  // namespace slipway::dockerfile

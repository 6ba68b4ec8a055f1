#include "http/date.h"

#include <gtest/gtest.h>

namespace slipway::http {
namespace {

TEST(HttpDate, ReadsTheThreeFormsOfTheStandard) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), 784111777);
  EXPECT_EQ(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
  EXPECT_EQ(parse_date(" Sat, 29 Feb 2020 23:59:59 GMT "), 1583020799);
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const char* text : {"", "now", "0", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 31 Feb 2020 00:00:00 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49 GMT"})
    EXPECT_FALSE(parse_date(text)) << text;
}

}  // namespace
}  // namespace slipway::http

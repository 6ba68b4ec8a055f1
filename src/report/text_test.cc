#include "report/text.h"

#include <gtest/gtest.h>

namespace slipway::report {
namespace {

TEST(Harmless, ControlSequencesGoAndColorsStay) {
  EXPECT_EQ(harmless("plain", true), "plain");
  EXPECT_EQ(harmless("\x1b[31mred\x1b[0m", true), "\x1b[31mred\x1b[0m\x1b[0m");
  EXPECT_EQ(harmless("\x1b[31mred", true), "\x1b[31mred\x1b[0m");
  EXPECT_EQ(harmless("\x1b[31mred\x1b[0m", false), "red");
  EXPECT_EQ(harmless("a\x1b[2Jb\x1b[10;10Hc\x1b[?25ld", true), "abcd");
  EXPECT_EQ(harmless("a\x1b]0;evil title\ab", true), "ab");
  EXPECT_EQ(harmless("a\x1b]52;c;Zm9v\x1b\\b", true), "ab");
  EXPECT_EQ(harmless("a\x1bP1$r\x1b\\b", true), "ab");
  EXPECT_EQ(harmless("a\x1b"
                     "cb\x1b(0c",
                     true),
            "abc");
  EXPECT_EQ(harmless("a\bb\a\x0e\x0f\x7f"
                     "c",
                     true),
            "abc");
}

TEST(Harmless, EndlessSequencesSwallowTheRestOfTheLineOnly) {
  EXPECT_EQ(harmless("a\x1b", true), "a");
  EXPECT_EQ(harmless("a\x1b[12;", true), "a");
  EXPECT_EQ(harmless("a\x1b]0;title", true), "a");
}

TEST(Harmless, CarriageReturnsOverwriteAndTabsBecomeBlanks) {
  EXPECT_EQ(harmless("10 %\r20 %\r30 %", true), "30 %");
  EXPECT_EQ(harmless("all\r\n", true), "all");
  EXPECT_EQ(harmless("ab\tc", true), "ab      c");
}

TEST(Harmless, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(harmless("a\xff"
                     "b",
                     true),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(harmless("\xc3\xa9\xe2\x82\xac", true), "\xc3\xa9\xe2\x82\xac");
  EXPECT_EQ(harmless("\xc0\xaf", true), "\xef\xbf\xbd\xef\xbf\xbd");  // overlong
  EXPECT_EQ(harmless("\xe2\x80\xaetxt.exe", true), "txt.exe");        // right-to-left override
  EXPECT_EQ(harmless("\xc2\x9b"
                     "31mred",
                     true),
            "31mred");  // C1 CSI
}

TEST(Columns, WideCharactersCountTwoAndMarksNone) {
  EXPECT_EQ(columns_of("abc"), 3u);
  EXPECT_EQ(columns_of("\xe6\xbc\xa2\xe5\xad\x97"), 4u);
  EXPECT_EQ(columns_of("e\xcc\x81"), 1u);
  EXPECT_EQ(columns_of("\x1b[31mred\x1b[0m"), 3u);
}

TEST(Fit, CutsByColumnsAndClosesColors) {
  EXPECT_EQ(fit("abcdef", 3), "abc");
  EXPECT_EQ(fit("\xe6\xbc\xa2\xe5\xad\x97", 3), "\xe6\xbc\xa2");
  EXPECT_EQ(fit("\x1b[31mabcdef\x1b[0m", 3), "\x1b[31mabc\x1b[0m");
  EXPECT_EQ(fit_line("left", "1.0s", 12), "left    1.0s");
  EXPECT_EQ(fit_line("a long left side", "1.0s", 12), "a long  1.0s");
  EXPECT_EQ(fit_line("left", "too long for it", 8), "left");
}

TEST(Bar, IsAsLongAsItsShare) {
  EXPECT_EQ(bar(0, 10, 12), "[>         ]");
  EXPECT_EQ(bar(5, 10, 12), "[=====>    ]");
  EXPECT_EQ(bar(10, 10, 12), "[==========]");
  EXPECT_EQ(bar(20, 10, 12), "[==========]");
  EXPECT_EQ(bar(5, 0, 12), "[>         ]");
}

}  // namespace
}  // namespace slipway::report

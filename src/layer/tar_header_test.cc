#include "layer/tar_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layer/tar_reader.h"
#include "layer/test_support.h"

namespace slipway::layer {
namespace {

using ::testing::HasSubstr;

std::string header(const TarHeader& from) {
  std::string out;
  append_tar_header(from, out);
  return out;
}

std::string field(const std::string& bytes, Field which, size_t block = 0) {
  return bytes.substr(block * kTarBlock + which.offset, which.size);
}

std::string text(const std::string& bytes, Field which, size_t block = 0) {
  return field(bytes, which, block).c_str();
}

TEST(TarHeader, AnOrdinaryFileIsOneUstarBlock) {
  const std::string bytes = header({.name = "usr/bin/tool",
                                    .mode = 04755,
                                    .uid = 1000,
                                    .gid = 33,
                                    .size = 1234,
                                    .mtime = 1700000000});
  ASSERT_EQ(bytes.size(), 512u);
  EXPECT_EQ(text(bytes, ustar::kName), "usr/bin/tool");
  EXPECT_EQ(field(bytes, ustar::kMode), std::string("0004755\0", 8));
  EXPECT_EQ(field(bytes, ustar::kUid), std::string("0001750\0", 8));
  EXPECT_EQ(field(bytes, ustar::kGid), std::string("0000041\0", 8));
  EXPECT_EQ(field(bytes, ustar::kSize), std::string("00000002322\0", 12));
  EXPECT_EQ(field(bytes, ustar::kMtime), std::string("14524770400\0", 12));
  EXPECT_EQ(field(bytes, ustar::kMagic), std::string("ustar\0", 6));
  EXPECT_EQ(field(bytes, ustar::kVersion), "00");
  EXPECT_EQ(field(bytes, {265, 64}), std::string(64, '\0')) << "no user and group names";
  EXPECT_TRUE(is_tar_header(bytes));
}

TEST(TarHeader, DirectoriesEndWithASlashAndTheRootIsADot) {
  EXPECT_EQ(text(header({.name = "a/b", .type = '5'}), ustar::kName), "a/b/");
  EXPECT_EQ(text(header({.name = "", .type = '5'}), ustar::kName), "./");
}

TEST(TarHeader, LongNamesAreCutAtASlashWhereUstarCanSayThem) {
  const std::string parent(100, 'p'), base(100, 'b'), name = parent + "/" + base;
  const std::string bytes = header({.name = name});
  ASSERT_EQ(bytes.size(), 512u);
  EXPECT_EQ(text(bytes, ustar::kPrefix), parent);
  EXPECT_EQ(field(bytes, ustar::kName), base);
}

TEST(TarHeader, WhatUstarCannotSayStandsInAPaxHeader) {
  const std::string base(101, 'b');
  const std::string bytes = header({.name = "d/" + base});
  ASSERT_EQ(bytes.size(), 3 * 512u);
  EXPECT_EQ(field(bytes, ustar::kType), "x");
  EXPECT_EQ(bytes.substr(512, 113), "113 path=d/" + base + "\n" + "");
}

TEST(TarHeader, EachValueThatDoesNotFitHasItsRecord) {
  const tree::Xattrs xattrs{{"security.capability", std::string("\0\1", 2)}, {"user.a", "b=c\n"}};
  const std::string bytes = header({.name = "\xc3\xa4",
                                    .type = '2',
                                    .uid = 2097152,
                                    .gid = 4294967294u,
                                    .size = uint64_t{8} << 30,
                                    .mtime = -5,
                                    .link = std::string(101, 'l'),
                                    .xattrs = &xattrs});
  EXPECT_THAT(bytes, HasSubstr("18 gid=4294967294\n"));
  EXPECT_THAT(bytes, HasSubstr(" linkpath=" + std::string(101, 'l') + "\n"));
  EXPECT_THAT(bytes, HasSubstr("12 mtime=-5\n"));
  EXPECT_THAT(bytes, HasSubstr("11 path=\xc3\xa4\n"));
  EXPECT_THAT(bytes, HasSubstr("19 size=8589934592\n"));
  EXPECT_THAT(bytes, HasSubstr("15 uid=2097152\n"));
  EXPECT_THAT(bytes,
              HasSubstr(std::string("37 SCHILY.xattr.security.capability=\0\1\n", 39).substr(2)));
  EXPECT_THAT(bytes, HasSubstr("SCHILY.xattr.user.a=b=c\n\n"));
}

TEST(TarHeader, TheLargestValuesOfUstarNeedNoPax) {
  EXPECT_EQ(header({.name = std::string(100, 'n'),
                    .uid = 2097151,
                    .gid = 2097151,
                    .size = (uint64_t{8} << 30) - 1,
                    .mtime = 8589934591,
                    .link = std::string(100, 'l')})
                .size(),
            512u);
}

// A length that counts its own digits: 99 and 100 bytes are where it grows.
TEST(TarHeader, RecordLengthsCountThemselves) {
  for (size_t n = 80; n < 110; ++n) {
    const tree::Xattrs xattrs{{"user.x", std::string(n, 'v')}};
    const std::string bytes = header({.name = "f", .xattrs = &xattrs}), record = bytes.substr(512);
    const size_t length = std::stoul(record);
    EXPECT_EQ(record[length - 1], '\n') << n;
    EXPECT_EQ(record[length], '\0') << n;
  }
}

TEST(TarHeader, AttributesThatPaxCannotNameAreErrors) {
  const tree::Xattrs xattrs{{"user.a=b", "c"}};
  EXPECT_THROW(header({.name = "f", .xattrs = &xattrs}), Error);
}

}  // namespace
}  // namespace slipway::layer

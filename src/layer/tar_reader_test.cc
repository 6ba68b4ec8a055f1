#include "layer/tar_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "layer/test_support.h"

namespace slipway::layer {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using tree::Type;

// Hands out at most `step` bytes at a time.
class Bytes : public ByteStream {
 public:
  explicit Bytes(std::string bytes, size_t step = 1000) : bytes_(std::move(bytes)), step_(step) {}
  std::span<const uint8_t> take(size_t most) override {
    const size_t n = std::min({most, step_, bytes_.size() - at_});
    at_ += n;
    return {reinterpret_cast<const uint8_t*>(bytes_.data()) + at_ - n, n};
  }

 private:
  std::string bytes_;
  size_t step_, at_ = 0;
};

struct Read {
  TarEntry entry;
  std::string content;
};

std::vector<Read> read_all(const std::string& archive, size_t step = 1000) {
  Bytes bytes(archive, step);
  TarReader reader(bytes);
  std::vector<Read> out;
  for (TarEntry entry; reader.next(entry);) {
    out.push_back({entry, {}});
    for (auto piece = reader.content(); !piece.empty(); piece = reader.content()) {
      out.back().content.append(piece.bytes.begin(), piece.bytes.end());
      out.back().content.append(piece.zeros, '\0');
    }
  }
  return out;
}

Read only(const RawTar& archive) {
  const auto all = read_all(archive.bytes());
  EXPECT_EQ(all.size(), 1u);
  return all.empty() ? Read{} : all[0];
}

std::string failure(const RawTar& archive) {
  return error_of([&] { read_all(archive.bytes()); });
}

TEST(TarReader, ReadsAnUstarEntry) {
  RawTar tar;
  tar.add({.name = "name",
           .content = "content",
           .mode = "0104755",
           .uid = "0001750",
           .gid = "41 ",
           .mtime = "14524770400",
           .prefix = "some/dir"})
      .end();
  for (const size_t step : {size_t{1}, size_t{511}, size_t{100000}}) {
    const auto all = read_all(tar.bytes(), step);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].entry.name, "some/dir/name");
    EXPECT_EQ(all[0].entry.mode, 04755u);
    EXPECT_EQ(all[0].entry.uid, 1000u);
    EXPECT_EQ(all[0].entry.gid, 33u);
    EXPECT_EQ(all[0].entry.mtime_ns, 1'700'000'000'000'000'000);
    EXPECT_EQ(all[0].entry.size, 7u);
    EXPECT_EQ(all[0].content, "content");
  }
}

TEST(TarReader, V7ArchivesHaveNoMagicAndDirectoriesEndWithASlash) {
  RawTar tar;
  tar.add({.name = "d/", .type = '\0', .magic = ""})
      .add({.name = "d/f", .type = '\0', .content = "x", .magic = "", .prefix = "no prefix"});
  const auto all = read_all(tar.bytes());
  EXPECT_EQ(all[0].entry.type, Type::Dir);
  EXPECT_EQ(all[1].entry.name, "d/f");
  EXPECT_EQ(all[1].content, "x");
}

TEST(TarReader, GnuHeadersHaveNoPrefixAndLongNamesOfTheirOwn) {
  const std::string name(300, 'n'), link(200, 'l'), gnu("ustar  \0", 8);
  RawTar tar;
  tar.add({.name = "././@LongLink", .type = 'K', .content = link + '\0', .magic = gnu})
      .add({.name = "././@LongLink", .type = 'L', .content = name + '\0', .magic = gnu})
      .add({.name = "nnn", .type = '2', .link = "lll", .magic = gnu, .prefix = "12345"});
  const Read read = only(tar);
  EXPECT_EQ(read.entry.name, name);
  EXPECT_EQ(read.entry.link, link);
}

TEST(TarReader, Base256NumbersOfAnySignAreRead) {
  const auto base256 = [](size_t size, int64_t value) {
    std::string out(size, value < 0 ? '\xff' : '\0');
    for (size_t i = 0; i < 8 && i < size; ++i)
      out[size - 1 - i] = static_cast<char>(value >> (8 * i));
    out[0] = static_cast<char>(out[0] | 0x80);
    return out;
  };
  RawTar tar;
  tar.add(
         {.uid = base256(8, 3'000'000), .gid = base256(8, 4'294'967'295), .mtime = base256(12, -3)})
      .end();
  const Read read = only(tar);
  EXPECT_EQ(read.entry.uid, 3'000'000u);
  EXPECT_EQ(read.entry.gid, 4'294'967'295u);
  EXPECT_EQ(read.entry.mtime_ns, -3'000'000'000);
  EXPECT_THAT(failure(RawTar().add({.size = base256(12, -1)})), HasSubstr("size is negative"));
  EXPECT_THAT(failure(RawTar().add({.uid = base256(8, -1)})), HasSubstr("negative"));
  EXPECT_THAT(failure(RawTar().add({.size = base256(12, INT64_MAX)})), HasSubstr("impossible"));
  EXPECT_THAT(failure(RawTar().add({.size = std::string(12, '\xbf')})), HasSubstr("too large"));
  EXPECT_THAT(failure(RawTar().add({.uid = base256(8, int64_t{1} << 32)})), HasSubstr("too large"));
}

TEST(TarReader, PaxRecordsWinOverEverything) {
  RawTar tar;
  tar.pax({{"path", "the/real name"},
           {"linkpath", "x"},
           {"size", "3"},
           {"uid", "3000000"},
           {"gid", "5"},
           {"mtime", "-1.5"},
           {"SCHILY.xattr.user.b", std::string("\0=\n", 3)},
           {"SCHILY.xattr.user.a", ""},
           {"LIBARCHIVE.xattr.user.b", "AA"},
           {"comment", "none"}})
      .add({.name = "short", .content = "abc", .size = "00000000000"});
  const Read read = only(tar);
  EXPECT_EQ(read.entry.name, "the/real name");
  EXPECT_EQ(read.entry.uid, 3'000'000u);
  EXPECT_EQ(read.entry.gid, 5u);
  EXPECT_EQ(read.entry.mtime_ns, -1'500'000'000);
  EXPECT_EQ(read.content, "abc");
  EXPECT_EQ(read.entry.xattrs, (tree::Xattrs{{"user.a", ""}, {"user.b", std::string("\0=\n", 3)}}));
}

TEST(TarReader, AGlobalHeaderHoldsUntilAnEntrySaysOtherwise) {
  RawTar tar;
  tar.pax({{"mtime", "7"}, {"uid", "9"}}, 'g')
      .add({.name = "a"})
      .pax({{"mtime", "8"}})
      .add({.name = "b"})
      .pax({{"uid", ""}}, 'g')
      .add({.name = "c"});
  const auto all = read_all(tar.bytes());
  EXPECT_EQ(all[0].entry.mtime_ns, 7'000'000'000);
  EXPECT_EQ(all[1].entry.mtime_ns, 8'000'000'000);
  EXPECT_EQ(all[1].entry.uid, 9u);
  EXPECT_EQ(all[2].entry.uid, 0u) << "an empty value takes it back";
}

TEST(TarReader, LinksHaveNoContentWhateverTheirSizeSays) {
  RawTar tar;
  tar.add({.name = "l", .type = '1', .link = "x", .size = "00000001000"}).add({.name = "next"});
  EXPECT_EQ(read_all(tar.bytes()).size(), 2u);
}

TEST(TarReader, VolumeLabelsAreNoEntries) {
  EXPECT_EQ(only(RawTar().add({.name = "label", .type = 'V'}).add({.name = "f"})).entry.name, "f");
}

TEST(TarReader, WhatFollowsTheEndIsNotRead) {
  EXPECT_EQ(read_all(RawTar().add({}).end().add({.name = "behind"}).bytes()).size(), 1u);
  EXPECT_EQ(read_all(RawTar().add({}).bytes()).size(), 1u) << "no end marker";
  EXPECT_EQ(read_all("").size(), 0u);
  EXPECT_EQ(read_all(RawTar().end().bytes()).size(), 0u);
}

TEST(TarReader, DamageIsNamedWithItsPlace) {
  EXPECT_THAT(failure(RawTar().add({}).add({.bad_checksum = true})),
              HasSubstr("header at byte 512: the checksum is wrong"));
  EXPECT_THAT(failure(RawTar().raw(std::string(512, '\0')).add({})), HasSubstr("block of zeros"));
  EXPECT_THAT(failure(RawTar().add({.size = "1777777777x"})), HasSubstr("octal"));
  EXPECT_THAT(failure(RawTar().add({.type = 'q'})), HasSubstr("unknown type 0x71"));
  EXPECT_THAT(failure(RawTar().add({.size = "00000002000"})), HasSubstr("ends in the middle"));
  EXPECT_THAT(failure(RawTar().pax({{"path", "x"}})), HasSubstr("describes the next entry"));
}

TEST(TarReader, EveryTruncationBetweenEntriesIsTheEndAndElsewhereAnError) {
  RawTar tar;
  tar.add({.name = "a", .content = std::string(700, 'a')})
      .pax({{"path", "long"}})
      .add({.name = "b"})
      .end();
  const std::string whole = tar.bytes();
  for (size_t length = 0; length < whole.size(); ++length) {
    const bool between = length == 0 || length == 1536 || length >= 3072;
    const std::string text = error_of([&] { read_all(whole.substr(0, length)); });
    // Half a zero block at the end is damage as well.
    if (between && length % 512 == 0)
      EXPECT_EQ(text, "") << length;
    else
      EXPECT_NE(text, "") << length;
  }
}

TEST(TarReader, WrongPaxRecordsAreDamage) {
  const auto pax = [](const std::string& text) {
    return failure(RawTar().add({.type = 'x', .content = text}).add({}));
  };
  for (const char* text :
       {"x", "9", "999 path=x\n", "5 path=x\n", "0 \n", "10 path=abc", "6 path\n", "6 =ab\n",
        "99999999999999999999999 a=b\n", "-6 a=b\n", " 6 a=b\n"})
    EXPECT_THAT(pax(text), HasSubstr("pax record")) << text;
  for (const char* record : {"size=-1", "size=x", "uid=99999999999999999999", "gid=1.5", "mtime=x",
                             "mtime=1.x", "mtime=99999999999999999", "mtime=--1"}) {
    const std::string value(record);
    EXPECT_NE(
        failure(RawTar()
                    .pax({{value.substr(0, value.find('=')), value.substr(value.find('=') + 1)}})
                    .add({})),
        "")
        << record;
  }
  EXPECT_THAT(failure(RawTar().pax({{"path", std::string("a\0b", 3)}}).add({})),
              HasSubstr("zero byte"));
}

TEST(TarReader, SpecialHeadersAreLimited) {
  for (const char type : {'x', 'g', 'L', 'K'})
    EXPECT_THAT(failure(RawTar().add({.type = type, .size = "00004000001"})),
                HasSubstr("1048577 bytes"))
        << type;
}

TEST(TarReader, ManySmallSpecialHeadersAreHarmless) {
  RawTar tar;
  for (int i = 0; i < 3'000; ++i) tar.pax({{"path", fmt::format("name {}", i)}});
  EXPECT_EQ(only(tar.add({})).entry.name, "name 2999");
}

class Sparse : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Formats, Sparse, ::testing::Values("gnu", "0.0", "0.1", "1.0"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

// As GNU tar writes them: holes at the beginning, in between and at the end, and more pieces than a
// header holds.
TEST_P(Sparse, FilesOfGnuTarReadAsTheyAre) {
  const os::TempDir temp(::testing::TempDir(), "sparse-");
  const std::string format = GetParam();
  const std::string option =
      format == "gnu" ? "--format=gnu" : "--format=pax --sparse-version=" + format;
  const std::string tar = shell(fmt::format(
      "cd {}; truncate -s 5000000 f; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "
      "21 22 23 24 25 26 27 28 29 30; do "
      "printf 'piece %s' $i | dd of=f bs=1 seek=$((i * 100000)) conv=notrunc status=none; done; "
      "echo after > g; truncate -s 1000000 hole; tar --hole-detection=raw -cS {} -f - f g hole",
      temp.path(), option));
  const auto all = read_all(tar);
  ASSERT_EQ(all.size(), 3u) << tar.substr(0, 200);
  EXPECT_EQ(all[0].entry.name, "f");
  EXPECT_EQ(all[0].entry.size, 5'000'000u);
  EXPECT_TRUE(all[0].content == os::read_file(temp.path() + "/f"));
  EXPECT_EQ(all[1].content, "after\n");
  EXPECT_TRUE(all[2].content == std::string(1'000'000, '\0'));
}

TEST(TarReader, MapsOfSparseFilesThatMakeNoSenseAreDamage) {
  const auto map = [](const std::string& text, const std::string& size,
                      const std::string& content) {
    return failure(RawTar()
                       .pax({{"GNU.sparse.size", size}, {"GNU.sparse.map", text}})
                       .add({.content = content}));
  };
  EXPECT_EQ(map("0,3,10,2", "20", "abcde"), "");
  EXPECT_NE(map("0,3,10", "20", "abcde"), "");
  EXPECT_NE(map("0,3,2,2", "20", "abcde"), "") << "overlapping";
  EXPECT_NE(map("10,2,0,3", "20", "abcde"), "") << "out of order";
  EXPECT_NE(map("0,3,19,2", "20", "abcde"), "") << "past the end";
  EXPECT_NE(map("0,3,10,2", "20", "abcd"), "") << "more than is stored";
  EXPECT_NE(map("0,3,9223372036854775807,2", "20", "abcde"), "");
  EXPECT_NE(map("0,3,10,2", "9223372036854775807", "abcde"), "") << "nobody can write that much";
  EXPECT_NE(failure(RawTar().pax({{"GNU.sparse.map", "0,1"}}).add({.content = "a"})), "")
      << "no real size";
  EXPECT_NE(failure(RawTar().pax({{"GNU.sparse.offset", "0"}}).add({.content = "a"})), "");
  EXPECT_NE(failure(RawTar()
                        .pax({{"GNU.sparse.major", "1"},
                              {"GNU.sparse.minor", "0"},
                              {"GNU.sparse.realsize", "9"}})
                        .add({.content = "a\n"})),
            "");
}

}  // namespace
}  // namespace slipway::layer

#include "layer/write.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "layer/test_support.h"

namespace slipway::layer {
namespace {

using namespace testing;
using ::testing::HasSubstr;

const WriteOptions kPlain{.compression = oci::Compression::None};

// Made once each: with sanitizers this takes longer than what is tested.
const std::string& random_text(size_t bytes, bool compressible) {
  static std::map<std::pair<size_t, bool>, std::string> made;
  std::string& out = made[{bytes, compressible}];
  if (!out.empty()) return out;
  std::mt19937_64 generator(bytes);
  std::vector<std::string> lines;
  for (int i = 0; i < 500; ++i)
    lines.push_back(fmt::format("a line of source code with the number {}\n", generator()));
  while (out.size() < bytes) {
    const uint64_t next = generator();
    if (compressible)
      out += lines[next % lines.size()];
    else
      out.append(reinterpret_cast<const char*>(&next), sizeof next);
  }
  out.resize(bytes);
  return out;
}

// A few MiB over several blocks, on disk, with every kind of content in it.
class OnDisk : public ::testing::Test {
 protected:
  tree::Entry disk_file(const std::string& name, const std::string& bytes) {
    const std::string path = dir_.path() + "/" + name;
    os::write_file_atomic(path, bytes);
    tree::Entry made = file(name, "");
    made.size = bytes.size();
    made.content.disk_path = path;
    return made;
  }
  tree::Tree large() {
    return tree::Tree({disk_file("a-text", random_text(3'500'000, true)),
                       disk_file("b-noise", random_text(2'200'000, false)),
                       file("c-small", "small"), disk_file("d-block", random_text(1 << 20, true))});
  }
  os::TempDir dir_{::testing::TempDir(), "layer-"};
};

TEST(WriteLayer, AnEmptyTreeIsTwoBlocksOfZeros) {
  const Layer layer = write_to_memory(tree::Tree(), kPlain);
  EXPECT_EQ(layer.bytes, std::string(1024, '\0'));
  // What every builder calls the empty layer's diff id.
  EXPECT_EQ(layer.written.diff_id.str(),
            "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
}

TEST(WriteLayer, KnowsItsDigestsAndSizes) {
  const tree::Tree tree({dir("d"), file("d/f", "text")});
  for (const auto compression :
       {oci::Compression::None, oci::Compression::Gzip, oci::Compression::Zstd}) {
    const Layer layer = write_to_memory(tree, {.compression = compression});
    const std::string plain = write_to_memory(tree, kPlain).bytes;
    EXPECT_EQ(layer.written.digest, oci::Digest::of(layer.bytes));
    EXPECT_EQ(layer.written.diff_id, oci::Digest::of(plain));
    EXPECT_EQ(layer.written.size, layer.bytes.size());
    EXPECT_EQ(layer.written.uncompressed_size, plain.size());
  }
}

TEST(WriteLayer, WhiteoutsAndOpaqueDirectoriesBecomeTheirMarks) {
  tree::Entry opaque = dir("d");
  opaque.opaque = true;
  const Layer layer = write_to_memory(
      tree::Tree({opaque, file("d/a", ""), gone("d/old"), gone("gone"), dir("z")}), kPlain);
  EXPECT_EQ(shell("tar tf -", layer.bytes), "d/\nd/.wh..wh..opq\nd/a\nd/.wh.old\n.wh.gone\nz/\n");
}

TEST(WriteLayer, RefusesFilesThatWouldDeleteOthers) {
  EXPECT_THAT(error_of([] { write_to_memory(tree::Tree({file("d/.wh.x", "")})); }),
              HasSubstr("d/.wh.x"));
}

TEST(WriteLayer, TheFirstNameOfAFileCarriesItsContentWhateverTheTreeSays) {
  const tree::Tree one({file("a", "text"), hardlink("b", "a"), hardlink("c", "a")});
  const tree::Tree other({hardlink("a", "c"), hardlink("b", "a"), file("c", "text")});
  EXPECT_EQ(write_to_memory(one, kPlain).bytes, write_to_memory(other, kPlain).bytes);
  EXPECT_EQ(
      shell("tar tvf - | awk '{ print $1, $6, $7, $8, $9 }'", write_to_memory(other, kPlain).bytes),
      "-rw-r--r-- a   \nhrw-r--r-- b link to a\nhrw-r--r-- c link to a\n");
}

TEST(WriteLayer, LinksToALowerLayersFileStay) {
  EXPECT_THAT(
      shell("tar tvf -", write_to_memory(tree::Tree({hardlink("a", "below/file")}), kPlain).bytes),
      HasSubstr("a link to below/file"));
}

TEST(WriteLayer, RefusesLinksThatMeanNothing) {
  EXPECT_THROW(write_to_memory(tree::Tree({hardlink("a", "b"), hardlink("b", "a")})), Error);
  EXPECT_THROW(write_to_memory(tree::Tree({dir("d"), hardlink("x", "d")})), Error);
}

TEST(WriteLayer, TimesAreClampedOrFlattenedToWholeSeconds) {
  constexpr int64_t kSecond = 1'000'000'000;
  std::vector<tree::Entry> entries{file("old", ""), file("new", ""), file("ancient", "")};
  entries[0].mtime_ns = 100 * kSecond + 999'999'999;
  entries[1].mtime_ns = 5000 * kSecond;
  entries[2].mtime_ns = -1;
  const tree::Tree tree(entries);
  const auto times = [&](int64_t clamp, bool flatten) {
    return shell("TZ=UTC tar --full-time -tvf - | awk '{ print $6, $4, $5 }'",
                 write_to_memory(tree, {.compression = oci::Compression::None,
                                        .clamp_ns = clamp,
                                        .flatten_times = flatten})
                     .bytes);
  };
  EXPECT_EQ(times(1000 * kSecond, false),
            "ancient 1969-12-31 23:59:59\nnew 1970-01-01 00:16:40\nold 1970-01-01 00:01:40\n");
  EXPECT_EQ(times(1000 * kSecond, true),
            "ancient 1970-01-01 00:16:40\nnew 1970-01-01 00:16:40\nold 1970-01-01 00:16:40\n");
}

TEST_F(OnDisk, TheBytesDoNotDependOnTheNumberOfThreads) {
  const tree::Tree tree = large();
  for (const auto compression :
       {oci::Compression::None, oci::Compression::Gzip, oci::Compression::Zstd}) {
    const Layer one = write_to_memory(tree, {.compression = compression, .threads = 1});
    for (const unsigned threads : {2u, 3u, 8u}) {
      const Layer other = write_to_memory(tree, {.compression = compression, .threads = threads});
      EXPECT_EQ(one.written.digest, other.written.digest);
      EXPECT_TRUE(one.bytes == other.bytes);
    }
  }
}

TEST_F(OnDisk, OtherToolsReadWhatIsWritten) {
  const tree::Tree tree = large();
  const std::string plain = write_to_memory(tree, kPlain).bytes;
  EXPECT_TRUE(shell("gzip -dc", write_to_memory(tree).bytes) == plain);
  EXPECT_TRUE(shell("zstd -dcq",
                    write_to_memory(tree, {.compression = oci::Compression::Zstd}).bytes) == plain);
  EXPECT_TRUE(shell("tar xOf - a-text", plain) == random_text(3'500'000, true));
  EXPECT_TRUE(shell("tar xOf - b-noise", plain) == random_text(2'200'000, false));
}

TEST_F(OnDisk, AStreamThatEndsWithABlockIsComplete) {
  for (const size_t missing : {size_t{0}, size_t{512}, size_t{1024}}) {
    // 512 bytes of header and 1024 at the end.
    const tree::Tree tree({disk_file("f", random_text((2 << 20) - 1536 - missing, true))});
    const Layer layer = write_to_memory(tree);
    EXPECT_EQ(layer.written.uncompressed_size, (2u << 20) - missing);
    EXPECT_EQ(list_bytes(layer.bytes).diff_id, layer.written.diff_id);
  }
}

TEST_F(OnDisk, AFileThatShrinksOrGrowsIsAnErrorThatNamesIt) {
  for (const uint64_t size : {uint64_t{3}, uint64_t{5'000'000}}) {
    std::vector<tree::Entry> entries{disk_file("a", random_text(3'000'000, true)),
                                     disk_file("changing", "four")};
    entries[1].size = size;
    const std::string text = error_of([&] { write_to_memory(tree::Tree(entries)); });
    EXPECT_THAT(text, HasSubstr(dir_.path() + "/changing"));
    EXPECT_THAT(text, HasSubstr("changed while it was read"));
  }
}

TEST_F(OnDisk, AFileThatIsGoneIsAnErrorThatNamesIt) {
  std::vector<tree::Entry> entries{disk_file("a", random_text(3'000'000, true)),
                                   disk_file("b", "x")};
  os::remove_tree(dir_.path() + "/b");
  EXPECT_THAT(error_of([&] { write_to_memory(tree::Tree(entries)); }),
              HasSubstr(dir_.path() + "/b"));
}

TEST_F(OnDisk, ALinkInTheFilesPlaceIsNotFollowed) {
  std::vector<tree::Entry> entries{disk_file("a", "x")};
  os::remove_tree(dir_.path() + "/a");
  ASSERT_EQ(::symlink("/etc/passwd", (dir_.path() + "/a").c_str()), 0);
  EXPECT_NE(error_of([&] { write_to_memory(tree::Tree(entries)); }), "");
}

TEST_F(OnDisk, WhatTheSinkThrowsReachesTheCaller) {
  struct Full {};
  const tree::Tree tree = large();
  int pieces = 0;
  EXPECT_THROW(write_layer(tree, {},
                           [&](std::span<const uint8_t>) {
                             if (++pieces == 3) throw Full();
                           }),
               Full);
  EXPECT_EQ(pieces, 3);
}

TEST_F(OnDisk, StoppingEndsItWithCancelled) {
  const tree::Tree tree = large();
  for (const int after : {0, 1, 4}) {
    std::stop_source stop;
    if (after == 0) stop.request_stop();
    int pieces = 0;
    EXPECT_THROW(write_layer(tree, {.stop = stop.get_token()},
                             [&](std::span<const uint8_t>) {
                               if (++pieces == after) stop.request_stop();
                             }),
                 Cancelled);
    EXPECT_LE(pieces, after);
  }
}

TEST_F(OnDisk, ProgressCountsPlainBytesUpToAll) {
  std::vector<uint64_t> seen;
  const Written written =
      write_layer(large(), {.progress = [&](uint64_t bytes) { seen.push_back(bytes); }},
                  [](std::span<const uint8_t>) {});
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), written.uncompressed_size);
}

TEST_F(OnDisk, WriteTarIsThePlainArchive) {
  const tree::Tree tree = large();
  std::string bytes;
  write_tar(tree, {},
            [&](std::span<const uint8_t> piece) { bytes.append(piece.begin(), piece.end()); });
  EXPECT_TRUE(bytes == write_to_memory(tree, kPlain).bytes);
}

TEST(WriteTar, ItsNamesAreNotMarks) {
  std::string bytes;
  write_tar(tree::Tree({file(".wh.x", "1")}), {},
            [&](std::span<const uint8_t> piece) { bytes.append(piece.begin(), piece.end()); });
  EXPECT_EQ(shell("tar tf -", bytes), ".wh.x\n");
}

TEST_F(OnDisk, RecompressGivesTheSameTarInAnotherCoat) {
  const Layer gzip = write_to_memory(large());
  std::string bytes;
  const os::UniqueFd fd = as_file(gzip.bytes);
  const Written written =
      recompress(fd.get(), {.compression = oci::Compression::Zstd},
                 [&](std::span<const uint8_t> piece) { bytes.append(piece.begin(), piece.end()); });
  EXPECT_EQ(written.diff_id, gzip.written.diff_id);
  EXPECT_EQ(written.digest, oci::Digest::of(bytes));
  EXPECT_EQ(written.digest,
            write_to_memory(large(), {.compression = oci::Compression::Zstd}).written.digest);
}

TEST(WriteLayer, LevelsOutOfRangeAreErrors) {
  EXPECT_THROW(write_to_memory(tree::Tree(), {.level = 10}), Error);
  EXPECT_THROW(write_to_memory(tree::Tree(), {.compression = oci::Compression::Zstd, .level = 0}),
               Error);
}

}  // namespace
}  // namespace slipway::layer

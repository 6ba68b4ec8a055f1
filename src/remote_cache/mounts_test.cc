#include "remote_cache/mounts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "os/fs.h"
#include "remote_cache/chunker.h"

namespace slipway::remote_cache {
namespace {

std::string noise(size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class Mounts : public ::testing::Test {
 protected:
  Mounts() { os::make_dirs(dir()); }
  std::string dir() const { return temp_.path() + "/mount"; }
  void write(const std::string& path, const std::string& text) {
    os::make_dirs(os::dir_name(dir() + "/" + path));
    os::write_file_atomic(dir() + "/" + path, text);
  }
  /// Keeps packs of all snapshots, as a cache would.
  MountSnapshot snapshot(const MountListing& before = {}, uint64_t limit = UINT64_MAX) {
    const std::string scratch = temp_.path() + "/scratch-" + std::to_string(count_++);
    os::make_dirs(scratch);
    MountSnapshot out = snapshot_mount(dir(), before, limit, scratch, {});
    for (const auto& pack : out.packs) packs_[pack.pack.blob.digest] = pack.path;
    return out;
  }
  std::string restore(const MountListing& listing) {
    const std::string target = temp_.path() + "/restored-" + std::to_string(count_++);
    os::make_dirs(target);
    restore_mount(parse_mount_listing(print(listing), "here"), target,
                  [&](const oci::Descriptor& pack) {
                    const std::string copy = temp_.path() + "/copy-" + pack.digest.hex();
                    std::filesystem::copy_file(packs_.at(pack.digest), copy);
                    return copy;
                  },
                  {});
    return target;
  }

  os::TempDir temp_{::testing::TempDir(), "mounts-"};
  std::map<oci::Digest, std::string> packs_;
  int count_ = 0;
};

uint64_t bytes_of(const MountSnapshot& snapshot) {
  uint64_t out = 0;
  for (const auto& pack : snapshot.packs) out += pack.pack.length;
  return out;
}

TEST_F(Mounts, ComeBackWithTimesModesAndLinks) {
  write("a/small", "text");
  write("a/empty", "");
  write("large", noise(3'000'000, 1));
  ASSERT_EQ(::symlink("../large", (dir() + "/a/link").c_str()), 0);
  ASSERT_EQ(::chmod((dir() + "/a/small").c_str(), 0751), 0);
  const timespec times[2] = {{.tv_sec = 981173106, .tv_nsec = 123456789},
                             {.tv_sec = 981173106, .tv_nsec = 123456789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir() + "/a/small").c_str(), times, 0), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir() + "/a").c_str(), times, 0), 0);
  const std::string target = restore(snapshot().listing);
  EXPECT_EQ(os::read_file(target + "/a/small"), "text");
  EXPECT_EQ(os::read_file(target + "/a/empty"), "");
  EXPECT_EQ(os::read_file(target + "/a/link"), noise(3'000'000, 1));
  for (const char* path : {"/a/small", "/a"}) {
    struct stat st{};
    ASSERT_EQ(::stat((target + path).c_str(), &st), 0);
    EXPECT_EQ(st.st_mtim.tv_sec, 981173106) << path;
    EXPECT_EQ(st.st_mtim.tv_nsec, 123456789) << path;
  }
  struct stat st{};
  ASSERT_EQ(::stat((target + "/a/small").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0751u);
}

TEST_F(Mounts, ASecondSnapshotMovesWhatChanged) {
  std::string large = noise(8'000'000, 2);
  write("large", large);
  for (int i = 0; i < 200; ++i)
    write("dir/" + std::to_string(i), noise(2000, 100 + static_cast<unsigned>(i)));
  const MountSnapshot first = snapshot();
  EXPECT_EQ(snapshot(first.listing).packs.size(), 0u);
  EXPECT_EQ(print(snapshot(first.listing).listing), print(first.listing));
  large.insert(4'000'000, "a few bytes in the middle");
  write("large", large);
  write("dir/new", noise(2000, 999));
  const MountSnapshot second = snapshot(first.listing);
  EXPECT_LT(bytes_of(second), 3 * kMaxChunk);
  EXPECT_GT(bytes_of(second), 2000u);
  const std::string target = restore(second.listing);
  EXPECT_EQ(os::read_file(target + "/large"), large);
  EXPECT_EQ(os::read_file(target + "/dir/199"), noise(2000, 299));
  EXPECT_EQ(os::read_file(target + "/dir/new"), noise(2000, 999));
}

TEST_F(Mounts, APackOfLittleUseIsGivenUp) {
  write("gone", noise(300'000, 3));
  write("stays", noise(10'000, 4));
  const MountSnapshot first = snapshot();
  ASSERT_EQ(::unlink((dir() + "/gone").c_str()), 0);
  const MountSnapshot second = snapshot(first.listing);
  ASSERT_EQ(second.listing.packs.size(), 1u);
  EXPECT_EQ(second.listing.packs[0].length, 10'000u);
  EXPECT_EQ(os::read_file(restore(second.listing) + "/stays"), noise(10'000, 4));
}

TEST_F(Mounts, BeyondTheLimitWhatChangedLastStays) {
  write("old", noise(1000, 5));
  write("new", noise(1000, 6));
  const timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 0}, {.tv_sec = 1000, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (dir() + "/old").c_str(), times, 0), 0);
  const MountSnapshot some = snapshot({}, 1500);
  EXPECT_EQ(some.left_out, 1000u);
  const std::string target = restore(some.listing);
  EXPECT_TRUE(os::exists(target + "/new"));
  EXPECT_FALSE(os::exists(target + "/old"));
}

TEST_F(Mounts, APackThatIsTooShortIsAnError) {
  write("file", noise(100'000, 7));
  MountSnapshot taken = snapshot();
  write("file", noise(1000, 8));
  const MountSnapshot other = snapshot();
  packs_[taken.listing.packs[0].blob.digest] = other.packs[0].path;
  EXPECT_THROW(restore(taken.listing), Error);
}

TEST(Chunker, BoundariesComeBackBehindAChange) {
  const std::string before = noise(4'000'000, 9);
  std::string after = before;
  after.insert(100'000, "x");
  const auto ends = [](const std::string& text) {
    std::vector<size_t> from_the_end;
    std::span<const uint8_t> rest(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    while (!rest.empty()) {
      const size_t length = first_chunk(rest);
      EXPECT_LE(length, kMaxChunk);
      rest = rest.subspan(length);
      from_the_end.push_back(rest.size());
    }
    return from_the_end;
  };
  const auto a = ends(before), b = ends(after);
  size_t same = 0;
  while (same < std::min(a.size(), b.size()) && a[a.size() - 1 - same] == b[b.size() - 1 - same])
    ++same;
  EXPECT_GE(same + 4, a.size());
  EXPECT_GT(a.size(), 15u);
}

TEST(Chunker, CutsAsTheFormatSays) {
  // Written down so that a change of the algorithm, which would lose every cache's pieces, is
  // noticed.
  std::string text;
  for (uint32_t i = 0, x = 1; i < 1'000'000; ++i) {
    x = x * 1664525 + 1013904223;
    text += static_cast<char>(x >> 24);
  }
  std::vector<size_t> lengths;
  std::span<const uint8_t> rest(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  while (!rest.empty()) {
    lengths.push_back(first_chunk(rest));
    rest = rest.subspan(lengths.back());
  }
  EXPECT_EQ(lengths,
            (std::vector<size_t>{56189, 77331, 37466, 51069, 52160, 33496, 52440, 84494, 51361,
                                 71527, 56386, 123802, 48352, 114324, 35762, 47949, 5892}));
}

}  // namespace
}  // namespace slipway::remote_cache

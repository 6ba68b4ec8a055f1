#include "layer/unpack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "compress/encode.h"
#include "layer/test_support.h"

namespace slipway::layer {
namespace {

using namespace testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using tree::Type;

class UnpackTest : public ::testing::Test {
 protected:
  UnpackTest() {
    os::make_dirs(target_);
    os::write_file_atomic(outside_, "untouched");
    options_.tolerate_chown_failure = !is_root();
  }
  ~UnpackTest() override { EXPECT_EQ(os::read_file(outside_), "untouched"); }

  Unpacked unpack(const RawTar& tar) { return unpack_bytes(tar.bytes(), target_, options_); }
  std::string refusal(const RawTar& tar) {
    return error_of([&] { unpack(tar); });
  }
  std::string at(const std::string& path) { return target_ + "/" + path; }
  struct stat stat_of(const std::string& path) {
    struct stat st{};
    EXPECT_EQ(::lstat(at(path).c_str(), &st), 0) << path;
    return st;
  }

  os::TempDir temp_{os::clean_path(::testing::TempDir()), "unpack-"};
  std::string target_ = temp_.path() + "/target", outside_ = temp_.path() + "/outside";
  UnpackOptions options_;
};

TEST_F(UnpackTest, PutsEverythingWhereItBelongs) {
  const Unpacked done = unpack(
      RawTar()
          .add({.name = "./", .type = '5', .mode = "0000750"})
          .add({.name = "/d/", .type = '5', .mode = "0001777", .mtime = "00000000007"})
          .add({.name = "./d/f", .content = "text", .mode = "0004755", .mtime = "00000000010"})
          .add({.name = "d/l", .type = '2', .link = "f", .mtime = "00000000011"})
          .add({.name = "d/h", .type = '1', .link = "/d/f"})
          .add({.name = "d/p", .type = '6', .mode = "0000600"})
          .end());
  EXPECT_EQ(os::read_file(at("d/f")), "text");
  EXPECT_EQ(stat_of("d/f").st_mode & 07777, 04755u);
  EXPECT_EQ(stat_of("d/f").st_mtim.tv_sec, 8);
  EXPECT_EQ(stat_of("d/l").st_mtim.tv_sec, 9);
  EXPECT_EQ(stat_of("d").st_mtim.tv_sec, 7) << "what was put into it afterwards does not count";
  EXPECT_EQ(stat_of("d").st_mode & 07777, 01777u);
  EXPECT_EQ(stat_of("").st_mode & 07777, 0750u);
  EXPECT_EQ(stat_of("d/h").st_ino, stat_of("d/f").st_ino);
  EXPECT_TRUE(S_ISFIFO(stat_of("d/p").st_mode));
  EXPECT_EQ(done.bytes, 4u);
  EXPECT_EQ(done.tree.find("d/f")->content.disk_path, at("d/f"));
  EXPECT_EQ(oci::Digest::from_sum(*done.tree.find("d/f")->content.digest), oci::Digest::of("text"));
  EXPECT_EQ(done.tree.find("d/h")->link, "d/f");
  EXPECT_EQ(done.lost_owners, !is_root());
}

TEST_F(UnpackTest, TheDiffIdIsThatOfThePlainArchiveWithEverythingBehindItsEnd) {
  RawTar tar;
  tar.add({.content = std::string(3'000'000, 'x')}).end().raw(std::string(8192, '\0'));
  std::vector<uint8_t> packed;
  const auto encoder = compress::make_encoder(compress::Format::Gzip, 1);
  for (size_t done = 0; done < tar.bytes().size(); done += 1 << 20)
    encoder->encode({reinterpret_cast<const uint8_t*>(tar.bytes().data()) + done,
                     std::min<size_t>(1 << 20, tar.bytes().size() - done)},
                    packed);
  const Unpacked done = unpack_bytes({reinterpret_cast<const char*>(packed.data()), packed.size()},
                                     target_, options_);
  EXPECT_EQ(done.diff_id, oci::Digest::of(tar.bytes()));
  EXPECT_EQ(list_bytes(tar.bytes()).diff_id, done.diff_id);
  EXPECT_EQ(tree::tree_digest(done.tree), tree::tree_digest(list_bytes(tar.bytes()).tree));
}

TEST_F(UnpackTest, OwnersAreTheArchives) {
  if (!is_root() || ::chown(outside_.c_str(), 1000, 33) != 0)
    GTEST_SKIP() << "owners cannot be changed here";
  unpack(
      RawTar()
          .add({.name = "d/", .type = '5', .mode = "0002755", .uid = "0001750", .gid = "0000041"})
          .add({.name = "d/f", .mode = "0006755", .uid = "0001750", .gid = "0000041"})
          .add({.name = "d/l", .type = '2', .link = "x", .uid = "0001750"}));
  EXPECT_EQ(stat_of("d").st_uid, 1000u);
  EXPECT_EQ(stat_of("d").st_mode & 07777, 02755u);
  EXPECT_EQ(stat_of("d/f").st_gid, 33u);
  EXPECT_EQ(stat_of("d/f").st_mode & 07777, 06755u)
      << "set after the owner, which takes the bits away";
  EXPECT_EQ(stat_of("d/l").st_uid, 1000u);
}

TEST_F(UnpackTest, OwnersThatCannotBeSetAreLostOnlyWhenThatIsTolerated) {
  // No user namespace maps this id, and no root outside of one may be refused it.
  if (::chown(outside_.c_str(), 1000, 1000) == 0) GTEST_SKIP() << "every owner can be set here";
  RawTar tar;
  tar.add({.name = "f", .content = "x", .uid = "0001750"});
  options_.tolerate_chown_failure = true;
  const Unpacked done = unpack(tar);
  EXPECT_TRUE(done.lost_owners);
  EXPECT_EQ(done.tree.find("f")->uid, 1000u);
  options_.tolerate_chown_failure = false;
  EXPECT_THAT(refusal(tar), HasSubstr("user 1000"));
}

TEST_F(UnpackTest, MissingParentsAreMade) {
  const mode_t before = ::umask(077);
  const Unpacked done = unpack(RawTar().add({.name = "a/b/c", .content = "x"}));
  ::umask(before);
  EXPECT_EQ(stat_of("a/b").st_mode & 07777, 0755u);
  EXPECT_EQ(stat_of("a/b").st_mtim.tv_sec, 0);
  EXPECT_EQ(done.tree.find("a"), nullptr);
}

TEST_F(UnpackTest, LaterEntriesReplaceEarlierOnes) {
  const Unpacked done = unpack(RawTar()
                                   .add({.name = "a", .content = "file"})
                                   .add({.name = "a/", .type = '5', .mode = "0000755"})
                                   .add({.name = "a/b/c", .content = "x"})
                                   .add({.name = "a/b", .content = "now a file"})
                                   .add({.name = "l", .type = '2', .link = "../outside"})
                                   .add({.name = "l", .content = "replaced, not followed"})
                                   .add({.name = "h", .type = '1', .link = "l"})
                                   .add({.name = "l", .content = "again"}));
  EXPECT_EQ(os::read_file(at("a/b")), "now a file");
  EXPECT_EQ(os::read_file(at("l")), "again");
  EXPECT_EQ(os::read_file(at("h")), "replaced, not followed");
  EXPECT_EQ(done.tree.find("h")->type, Type::File);
  EXPECT_EQ(done.tree.find("h")->content.disk_path, at("h"));
}

TEST_F(UnpackTest, LinksInParentsLeadInsideTheTarget) {
  const Unpacked done = unpack(RawTar()
                                   .add({.name = "bin", .type = '2', .link = "usr/bin"})
                                   .add({.name = "bin/sh", .content = "1"})
                                   .add({.name = "abs", .type = '2', .link = target_})
                                   .add({.name = "abs/x", .content = "2"}));
  EXPECT_EQ(os::read_file(at("usr/bin/sh")), "1");
  EXPECT_EQ(done.tree.find("usr/bin/sh")->content.disk_path, at("usr/bin/sh"));
  EXPECT_EQ(os::read_file(target_ + target_ + "/x"), "2")
      << "absolute links start at the archive's root";
}

TEST_F(UnpackTest, LayerMarksBecomeOverlayMarks) {
  const Unpacked done = unpack(RawTar()
                                   .add({.name = "d/.wh.gone"})
                                   .add({.name = "e/", .type = '5'})
                                   .add({.name = "e/.wh..wh..opq"})
                                   .add({.name = ".wh..wh.plnk/1", .content = "aufs"})
                                   .add({.name = ".wh..wh.aufs"})
                                   .add({.name = ".wh.anew"})
                                   .add({.name = "anew/x", .content = "1"}));
  const struct stat st = stat_of("d/gone");
  EXPECT_TRUE(S_ISCHR(st.st_mode) && st.st_rdev == 0);
  EXPECT_EQ(done.tree.find("d/gone")->type, Type::Whiteout);
  for (const char* dir : {"e", "anew"}) {
    char value = 0;
    EXPECT_EQ(::lgetxattr(at(dir).c_str(), "user.overlay.opaque", &value, 1), 1) << dir;
    EXPECT_EQ(value, 'y');
    EXPECT_TRUE(done.tree.find(dir)->opaque);
  }
  EXPECT_EQ(os::read_file(at("anew/x")), "1");
}

TEST_F(UnpackTest, ForAddTheMarksAreNames) {
  options_.whiteouts = false;
  const Unpacked done = unpack(RawTar().add({.name = ".wh.x", .content = "1"}));
  EXPECT_EQ(os::read_file(at(".wh.x")), "1");
  EXPECT_EQ(done.tree.find(".wh.x")->type, Type::File);
}

TEST_F(UnpackTest, AttributesAreSetAndOverlaysOwnAreNot) {
  const Unpacked done = unpack(RawTar()
                                   .pax({{"SCHILY.xattr.user.note", "text"},
                                         {"SCHILY.xattr.user.overlay.redirect", "/etc"},
                                         {"SCHILY.xattr.nonsense.x", "y"}})
                                   .add({.name = "f", .content = "x", .mode = "0000400"}));
  char value[16] = {};
  EXPECT_EQ(::lgetxattr(at("f").c_str(), "user.note", value, sizeof value), 4);
  EXPECT_LT(::lgetxattr(at("f").c_str(), "user.overlay.redirect", value, sizeof value), 0);
  EXPECT_EQ(done.lost_xattrs, 1u);
  EXPECT_EQ(done.tree.find("f")->xattrs,
            (tree::Xattrs{{"nonsense.x", "y"}, {"user.note", "text"}}));
}

TEST_F(UnpackTest, CapabilitiesSurvive) {
  if (!is_root()) GTEST_SKIP() << "only root of some user namespace may set capabilities";
  const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                               20);  // cap_net_bind_service=ep
  const Unpacked done = unpack(RawTar()
                                   .pax({{"SCHILY.xattr.security.capability", capability}})
                                   .add({.name = "ping", .content = "x", .mode = "0000755"}));
  std::string value(64, '\0');
  const ssize_t size =
      ::lgetxattr(at("ping").c_str(), "security.capability", value.data(), value.size());
  EXPECT_EQ(value.substr(0, static_cast<size_t>(std::max<ssize_t>(size, 0))), capability);
  EXPECT_EQ(done.lost_xattrs, 0u);
}

// Nothing of these may reach outside, and each is refused by name; the fixture checks the file
// outside.
TEST_F(UnpackTest, HostileArchivesAreRefusedNamingTheEntry) {
  const std::vector<RawTar> refused{
      RawTar().add({.name = "../outside", .content = "bad"}),
      RawTar().add({.name = "bad/../../outside", .content = "bad"}),
      RawTar().add({.name = "bad/.."}),
      RawTar().pax({{"path", "../bad"}}).add({.name = "x"}),
      RawTar().add({.name = "bad", .type = '1', .link = "../outside"}),
      RawTar().add({.name = "bad", .type = '1', .link = outside_}),
      RawTar().add({.name = "bad", .type = '1', .link = "/etc/passwd"}),
      RawTar().add({.name = "bad", .type = '1', .link = ""}),
      RawTar()
          .add({.name = "d", .type = '2', .link = ".."})
          .add({.name = "bad", .type = '1', .link = "d/outside"}),
      RawTar().add({.name = "bad", .content = "x"}).add({.name = "bad/x", .content = "y"}),
      RawTar().add({.name = "bad", .type = '2', .link = "bad"}).add({.name = "bad/x"}),
      RawTar().add({.name = "bad", .type = '2', .link = ""}),
      RawTar().add({.name = "bad", .type = '3', .dev_major = "0000000", .dev_minor = "0000000"}),
      RawTar().add({.name = ".", .content = "bad"}),
      RawTar().add({.name = "bad/.wh..."}),
      RawTar().add({.name = ".wh."}),
  };
  for (size_t i = 0; i < refused.size(); ++i) {
    const std::string text = refusal(refused[i]);
    EXPECT_THAT(text, AllOf(HasSubstr("refused"), HasSubstr("while unpacking"))) << i;
  }
}

TEST_F(UnpackTest, WritingThroughALinkStaysInside) {
  unpack(RawTar()
             .add({.name = "up", .type = '2', .link = "../.."})
             .add({.name = "up/outside", .content = "inside"})
             .add({.name = "abs", .type = '2', .link = temp_.path()})
             .add({.name = "abs/outside", .content = "inside"})
             .add({.name = "direct", .type = '2', .link = outside_})
             .add({.name = "copy", .type = '1', .link = "direct"})
             .add({.name = "direct", .content = "replaced"})
             .add({.name = "copy", .content = "replaced too"}));
  EXPECT_EQ(os::read_file(at("outside")), "inside");
  EXPECT_EQ(os::read_file(target_ + temp_.path() + "/outside"), "inside");
  EXPECT_EQ(os::read_file(at("copy")), "replaced too");
}

TEST_F(UnpackTest, LinksThatWereThereBeforeAreNotFollowed) {
  ASSERT_EQ(::symlink("..", at("up").c_str()), 0);
  EXPECT_THAT(refusal(RawTar().add({.name = "up/outside", .content = "bad"})),
              HasSubstr("up is not a directory"));
  ASSERT_EQ(::symlink(outside_.c_str(), at("file").c_str()), 0);
  unpack(RawTar().add({.name = "file", .content = "replaced"}));
  EXPECT_EQ(os::read_file(at("file")), "replaced");
}

TEST_F(UnpackTest, DevicesAreForLayersOnly) {
  RawTar tar;
  tar.add({.name = "null",
           .type = '3',
           .mode = "0000666",
           .dev_major = "0000001",
           .dev_minor = "0000003"});
  const Unpacked done = unpack(tar);
  const tree::Entry* null = done.tree.find("null");
  ASSERT_TRUE(null);
  EXPECT_EQ(std::pair(null->device_major, null->device_minor), std::pair(1u, 3u));
  if (done.skipped_devices == 0)
    EXPECT_EQ(stat_of("null").st_rdev, ::makedev(1, 3));
  else
    EXPECT_FALSE(os::exists(at("null")));
  options_.whiteouts = false;
  EXPECT_THAT(refusal(tar), AllOf(HasSubstr("null"), HasSubstr("device")));
}

TEST_F(UnpackTest, DamagedArchivesAreErrorsAndDoNotHang) {
  RawTar tar;
  tar.add({.name = "f", .content = std::string(2'000'000, 'x')}).end();
  for (const size_t length : {size_t{100}, size_t{512}, size_t{1'000'000}})
    EXPECT_NE(error_of([&] { unpack_bytes(tar.bytes().substr(0, length), target_, options_); }), "")
        << length;
  EXPECT_THAT(refusal(RawTar().add({.name = "huge", .size = "77777777777"})), HasSubstr("huge"));
  EXPECT_NE(error_of([&] {
              unpack_bytes(std::string("\x1f\x8b\x08garbage and more of it", 25), target_,
                           options_);
            }),
            "");
}

TEST_F(UnpackTest, AnErrorInTheMiddleOfACompressedLayerNamesTheEntry) {
  std::string noise;
  for (uint32_t state = 1; noise.size() < 1'500'000; state = state * 1664525u + 1013904223u)
    noise += static_cast<char>(state >> 24);
  Layer layer = write_to_memory(tree::Tree({file("first", "1"), file("second", noise)}));
  layer.bytes.resize(layer.bytes.size() - 100'000);
  const std::string text = error_of([&] { unpack_bytes(layer.bytes, target_, options_); });
  EXPECT_THAT(text, AllOf(HasSubstr("damaged gzip data"), HasSubstr("while unpacking second")));
}

TEST_F(UnpackTest, StoppingEndsItWithCancelled) {
  std::stop_source stop;
  options_.stop = stop.get_token();
  options_.progress = [&](uint64_t) { stop.request_stop(); };
  RawTar tar;
  for (int i = 0; i < 1000; ++i) tar.add({.name = fmt::format("f{}", i), .content = "x"});
  EXPECT_THROW(unpack(tar), Cancelled);
  EXPECT_FALSE(os::exists(at("f999")));
}

TEST_F(UnpackTest, ProgressEndsAtTheWholeSize) {
  uint64_t last = 0;
  options_.progress = [&](uint64_t bytes) { last = bytes; };
  RawTar tar;
  tar.add({}).end();
  unpack(tar);
  EXPECT_EQ(last, tar.bytes().size());
}

TEST_F(UnpackTest, APathAsDeepAsPathsGetIsFine) {
  std::string path = "f";
  for (int i = 0; i < 1500; ++i) path = "d/" + path;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit few{std::min<rlim_t>(limit.rlim_cur, 400), limit.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  const std::string text = error_of([&] {
    unpack(RawTar()
               .pax({{"path", path}})
               .add({.content = "deep"})
               .pax({{"path", path + "2"}})
               .add({.content = "deep"}));
  });
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(text, "");
}

TEST_F(UnpackTest, SparseFilesHaveTheirHoles) {
  const std::string tar = shell(fmt::format(
      "cd {}; truncate -s 3000000 s; printf end >> s; truncate -s 4000000 s; tar -cSf - s",
      temp_.path()));
  unpack_bytes(tar, target_, options_);
  EXPECT_TRUE(os::read_file(at("s")) == os::read_file(temp_.path() + "/s"));
  EXPECT_LT(stat_of("s").st_blocks, 200);
}

TEST(List, KeepsWhatItIsAskedToKeep) {
  RawTar tar;
  tar.add({.name = "etc/passwd", .content = "root"})
      .add({.name = "large", .content = std::string((1 << 20) + 1, 'x')})
      .add({.name = "f", .content = "other"});
  const Unpacked listed =
      list_bytes(tar.bytes(), {}, [](const std::string& path) { return path != "f"; });
  EXPECT_EQ(listed.tree.find("etc/passwd")->content.bytes, "root");
  EXPECT_EQ(listed.tree.find("large")->content.bytes, "") << "over the limit of 1 MiB";
  EXPECT_EQ(listed.tree.find("f")->content.bytes, "");
  EXPECT_EQ(listed.tree.find("f")->content.disk_path, "");
  EXPECT_EQ(oci::Digest::from_sum(*listed.tree.find("f")->content.digest),
            oci::Digest::of("other"));
}

TEST(List, HardLinksMayLeadToALowerLayer) {
  EXPECT_EQ(list_bytes(RawTar().add({.name = "a", .type = '1', .link = "below"}).bytes())
                .tree.find("a")
                ->link,
            "below");
}

TEST(List, HeadersWithoutEndOfOneNameAreOneEntry) {
  RawTar header;
  header.add({.name = "same"});
  std::string block;
  for (int i = 0; i < 2048; ++i) block += header.bytes();
  std::vector<uint8_t> member, packed;
  compress::make_encoder(compress::Format::Gzip, 1)
      ->encode({reinterpret_cast<const uint8_t*>(block.data()), block.size()}, member);
  for (int i = 0; i < 10; ++i) packed.insert(packed.end(), member.begin(), member.end());
  EXPECT_EQ(list_bytes({reinterpret_cast<const char*>(packed.data()), packed.size()})
                .tree.entries()
                .size(),
            1u);
}

TEST(LooksLikeArchive, TellsArchivesFromOtherFilesAndLeavesThePosition) {
  RawTar tar;
  tar.add({}).end();
  for (const auto& [bytes, expected] : std::vector<std::pair<std::string, bool>>{
           {tar.bytes(), true},
           {write_to_memory(tree::Tree({file("a", "x")})).bytes, true},
           {write_to_memory(tree::Tree({file("a", "x")}), {.compression = oci::Compression::Zstd})
                .bytes,
            true},
           {shell("echo text | gzip"), false},
           {tar.bytes().substr(0, 400), false},
           {std::string(2048, '\0'), false},
           {std::string("\x1f\x8b\x08", 3), false},
           {"", false},
           {"just text", false}}) {
    const os::UniqueFd fd = as_file(bytes);
    EXPECT_EQ(looks_like_archive(fd.get()), expected) << bytes.substr(0, 20);
    EXPECT_EQ(::lseek(fd.get(), 0, SEEK_CUR), 0);
  }
}

// Everything that writes trees, read back: tree -> layer -> tree.
TEST(RoundTrip, ALayerReadsBackAsItsTree) {
  tree::Entry opaque = dir("d", 01777), ids = file("ids", "x"),
              device = entry("dev/sda", Type::BlockDevice, 0660),
              odd = file(std::string(120, 'l') + "/\xc3\xa4 \xff", "odd");
  opaque.opaque = true;
  ids.uid = 4'000'000'000u;
  ids.gid = 2'097'152;
  ids.xattrs = {{"user.a", ""}, {"user.b", std::string("\0\n=", 3)}};
  device.device_major = 8;
  device.device_minor = 1;
  const tree::Tree tree({dir("", 0700), opaque, file("d/f", "text"), hardlink("d/g", "d/f"),
                         symlink("s", std::string(150, 't')), ids, device, odd, gone("old"),
                         gone("d/older"), entry("pipe", Type::Fifo, 0600), dir("dev"),
                         file("empty", "")});
  for (const auto compression :
       {oci::Compression::None, oci::Compression::Gzip, oci::Compression::Zstd}) {
    const Layer layer = write_to_memory(tree, {.compression = compression});
    const Unpacked back = list_bytes(layer.bytes, {}, [](const std::string&) { return true; });
    EXPECT_EQ(tree::tree_digest(back.tree), tree::tree_digest(tree));
    EXPECT_EQ(back.diff_id, layer.written.diff_id);
    EXPECT_TRUE(write_to_memory(back.tree, {.compression = compression}).bytes == layer.bytes);
  }
}

}  // namespace
}  // namespace slipway::layer

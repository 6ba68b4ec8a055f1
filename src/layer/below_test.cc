// Layers that name files in directories which only the layers below have: what a runtime that
// unpacks layer over layer would see is what the directory and the tree must say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include "layer/test_support.h"
#include "layer/unpack.h"

namespace slipway::layer {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using tree::Type;

class Below : public ::testing::Test {
 protected:
  Below() {
    os::make_dirs(target_);
    options_.tolerate_chown_failure = !is_root();
    options_.below = [this](bool with_content) -> const tree::View& {
      content_asked_ |= with_content;
      if (!view_) view_.emplace(std::vector{std::make_shared<const tree::Tree>(lower_)});
      return *view_;
    };
  }
  Unpacked unpack(const RawTar& tar) { return unpack_bytes(tar.bytes(), target_, options_); }
  std::string at(const std::string& path) { return target_ + "/" + path; }

  os::TempDir temp_{os::clean_path(::testing::TempDir()), "below-"};
  std::string target_ = temp_.path() + "/target";
  std::vector<tree::Entry> lower_{symlink("bin", "usr/bin"), dir("usr"), dir("usr/bin"),
                                  file("usr/bin/sh", "shell"), dir("tmp", 01777)};
  std::optional<tree::View> view_;
  UnpackOptions options_;
  bool content_asked_ = false;
};

TEST_F(Below, LinksInParentsAreFollowed) {
  const Unpacked done = unpack(
      RawTar().add({.name = "bin/new", .content = "x"}).add({.name = "bin/.wh.sh"}));
  EXPECT_TRUE(done.asked_below);
  EXPECT_EQ(os::read_file(at("usr/bin/new")), "x");
  EXPECT_EQ(done.tree.find("bin"), nullptr);
  EXPECT_EQ(done.tree.find("usr/bin/new")->type, Type::File);
  EXPECT_EQ(done.tree.find("usr/bin/sh")->type, Type::Whiteout);
}

TEST_F(Below, MissingParentsKeepTheirModes) {
  const Unpacked done = unpack(RawTar().add({.name = "tmp/x", .content = "x"}));
  EXPECT_EQ(done.tree.find("tmp")->mode, 01777u);
  struct stat st{};
  ASSERT_EQ(::stat(at("tmp").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 01777u);
}

TEST_F(Below, AFileGetsAnotherName) {
  const Unpacked done = unpack(RawTar().add({.name = "sh", .type = '1', .link = "bin/sh"}));
  EXPECT_EQ(os::read_file(at("sh")), "shell");
  EXPECT_EQ(os::read_file(at("usr/bin/sh")), "shell");
  EXPECT_EQ(done.tree.find("sh")->type, Type::File);
  EXPECT_EQ(done.tree.find("usr/bin/sh")->link, "sh");
}

TEST_F(Below, ListingSeesTheSameTree) {
  const std::string bytes = RawTar()
                                .add({.name = "bin/new", .content = "x"})
                                .add({.name = "tmp/sh", .type = '1', .link = "usr/bin/sh"})
                                .add({.name = "tmp/new/", .type = '5'})
                                .bytes();
  Unpacked listed = list_bytes(bytes, options_);
  EXPECT_FALSE(content_asked_);
  Unpacked unpacked = unpack_bytes(bytes, target_, options_);
  ASSERT_EQ(listed.tree.entries().size(), unpacked.tree.entries().size());
  for (size_t i = 0; i < listed.tree.entries().size(); ++i) {
    const auto &a = listed.tree.entries()[i], &b = unpacked.tree.entries()[i];
    EXPECT_EQ(a.path, b.path);
    EXPECT_EQ(a.type, b.type);
    EXPECT_EQ(a.mode, b.mode);
    EXPECT_EQ(a.link, b.link);
  }
}

TEST_F(Below, WhatTheLayerHidesIsNotFollowed) {
  const Unpacked done = unpack(RawTar()
                                   .add({.name = "bin/", .type = '5', .mode = "0000700"})
                                   .add({.name = "bin/x", .content = "1"})
                                   .add({.name = "usr/.wh..wh..opq"})
                                   .add({.name = "usr/bin/y", .content = "2"}));
  EXPECT_EQ(os::read_file(at("bin/x")), "1");
  EXPECT_EQ(done.tree.find("usr/bin"), nullptr) << "hidden below, so made anew";
  EXPECT_THAT(error_of([&] {
                unpack(RawTar()
                           .add({.name = ".wh.usr"})
                           .add({.name = "sh", .type = '1', .link = "usr/bin/sh"}));
              }),
              HasSubstr("it is a hard link to usr/bin/sh, which the archive does not have"));
}

TEST_F(Below, ALayerWithItsParentsStandsAlone) {
  const Unpacked done = unpack(RawTar()
                                   .add({.name = "usr/", .type = '5', .mode = "0000755"})
                                   .add({.name = "usr/x", .content = "1"})
                                   .add({.name = "top", .content = "2"})
                                   .add({.name = "usr/y", .type = '1', .link = "top"}));
  EXPECT_FALSE(done.asked_below);
}

TEST_F(Below, LinksBelowCannotLeadOut) {
  lower_.push_back(symlink("out", "../../../../" + temp_.path()));
  lower_.push_back(symlink("round", "round"));
  unpack(RawTar().add({.name = "out/x", .content = "1"}));
  EXPECT_EQ(os::read_file(target_ + temp_.path() + "/x"), "1");
  EXPECT_THAT(error_of([&] { unpack(RawTar().add({.name = "round/x", .content = "1"})); }),
              HasSubstr("lead in a circle"));
}

}  // namespace
}  // namespace slipway::layer

#include "source/context.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/fs.h"

namespace slipway::source {
namespace {

TEST(Context, NamesOfOneFileAreHardLinksAmongThoseThatAreRead) {
  const os::TempDir dir(::testing::TempDir());
  const auto path = [&](const char* name) { return dir.path() + "/" + name; };
  os::make_dirs(path("d"));
  os::write_all(os::open_file(path("d/a"), O_CREAT | O_WRONLY).get(), "text");
  for (const char* name : {"d/b", "e", "skipped"}) ASSERT_EQ(::link(path("d/a").c_str(), path(name).c_str()), 0);
  const Context whole = scan_context({.dir = dir.path(),
                                      .ignore = dockerfile::IgnoreFile::parse("skipped"),
                                      .wanted = {""},
                                      .stamps = {},
                                      .threads = 1,
                                      .stop = {},
                                      .progress = {}});
  EXPECT_EQ(whole.files.find("d/a")->type, tree::Type::File);
  for (const char* name : {"d/b", "e"}) {
    EXPECT_EQ(whole.files.find(name)->type, tree::Type::Hardlink) << name;
    EXPECT_EQ(whole.files.find(name)->link, "d/a") << name;
  }
  EXPECT_EQ(whole.files.find("skipped"), nullptr);
  EXPECT_EQ(whole.hashed_bytes, 4u);
  const Context one = scan_context({.dir = dir.path(),
                                    .ignore = {},
                                    .wanted = {"e"},
                                    .stamps = whole.stamps,
                                    .threads = 1,
                                    .stop = {},
                                    .progress = {}});
  EXPECT_EQ(one.files.find("e")->type, tree::Type::File);
}

}  // namespace
}  // namespace slipway::source

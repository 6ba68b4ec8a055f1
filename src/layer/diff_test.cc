#include "layer/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <functional>

#include "layer/test_support.h"

namespace slipway::layer {
namespace {

using namespace testing;
using ::testing::HasSubstr;
using tree::Type;

std::string describe(const tree::Tree& tree) {
  std::string out;
  for (const tree::Entry& each : tree.entries()) {
    constexpr std::string_view kLetters = "fdlhcbpw";
    out += fmt::format("{}{} {:o} {}{}\n", kLetters[static_cast<size_t>(each.type)],
                       each.opaque ? "!" : "", each.mode, each.path,
                       each.link.empty() ? "" : " -> " + each.link);
  }
  return out;
}

class DiffTest : public ::testing::Test {
 protected:
  DiffTest() {
    shell(fmt::format("cd {}; mkdir lower upper work merged target; chmod 755 upper", root_));
  }
  std::string at(const std::string& path) const { return root_ + "/" + path; }
  os::TempDir temp_{os::clean_path(::testing::TempDir()), "diff-"};
  std::string root_ = temp_.path();
};

TEST_F(DiffTest, AnUntouchedUpperDirectoryIsAnEmptyTree) {
  if (!is_root()) GTEST_SKIP() << "only root's own directories can look untouched";
  EXPECT_TRUE(read_upper(at("upper")).empty());
}

TEST_F(DiffTest, TheRootIsAnEntryOnlyIfItWasChanged) {
  if (!is_root()) GTEST_SKIP() << "only root's own directories can look untouched";
  shell(fmt::format("chmod 700 {}", at("upper")));
  EXPECT_EQ(describe(read_upper(at("upper"))), "d 700 \n");
}

TEST_F(DiffTest, EverythingIsReadInOrder) {
  ASSERT_EQ(shell(fmt::format("cd {}/upper; umask 022; mkdir d; printf text > d/f; ln d/f d/g; ln "
                              "-s /x/y d/l; mkfifo -m 600 p; : > d-e; "
                              "chmod 4755 d/f; touch -d @7 d/f",
                              root_)),
            "");
  const tree::Tree tree = read_upper(at("upper"));
  if (!is_root()) GTEST_SKIP() << "the root directory itself counts as changed";
  EXPECT_EQ(describe(tree),
            "d 755 d\nf 4755 d/f\nh 0 d/g -> d/f\nl 777 d/l -> /x/y\nf 644 d-e\np 600 p\n");
  EXPECT_EQ(tree.find("d/f")->size, 4u);
  EXPECT_EQ(tree.find("d/f")->mtime_ns, 7'000'000'000);
  EXPECT_EQ(tree.find("d/f")->content.disk_path, at("upper/d/f"));
  EXPECT_FALSE(tree.find("d/f")->content.digest);
}

TEST_F(DiffTest, SocketsAreLeftOut) {
  ASSERT_EQ(
      shell(fmt::format(
          "cd {}/upper; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'",
          root_)),
      "");
  EXPECT_EQ(read_upper(at("upper")).find("s"), nullptr);
}

TEST_F(DiffTest, AttributesOfTheImageAreKeptAndTheHostsAreNot) {
  os::write_file_atomic(at("upper/f"), "x");
  ASSERT_EQ(::setxattr(at("upper/f").c_str(), "user.note", "abc", 3, 0), 0);
  ASSERT_EQ(::setxattr(at("upper/f").c_str(), "user.overlay.origin", "x", 1, 0), 0);
  ::setxattr(at("upper/f").c_str(), "trusted.note", "x", 1, 0);
  ::setxattr(at("upper/f").c_str(), "security.note", "x", 1, 0);
  EXPECT_EQ(read_upper(at("upper")).find("f")->xattrs, (tree::Xattrs{{"user.note", "abc"}}));
}

TEST_F(DiffTest, ARedirectCannotBeExpressed) {
  os::make_dirs(at("upper/d"));
  ASSERT_EQ(::setxattr(at("upper/d").c_str(), "user.overlay.redirect", "/x", 2, 0), 0);
  EXPECT_THAT(error_of([&] { read_upper(at("upper")); }), HasSubstr("redirect_dir"));
}

TEST_F(DiffTest, MaterializeMakesWhatReadUpperReads) {
  os::write_file_atomic(at("source"), std::string(300'000, 's'));
  tree::Entry on_disk = file("z/disk", ""), opaque = dir("opaque", 0700);
  on_disk.size = 300'000;
  on_disk.content.disk_path = at("source");
  on_disk.mtime_ns = 1'234'567'890;
  on_disk.mode = 02755;
  on_disk.xattrs = {{"user.a", "b"}};
  opaque.opaque = true;
  opaque.mtime_ns = 5'000'000'000;
  std::vector<tree::Entry> entries{dir("", 0750),
                                   opaque,
                                   file("opaque/f", "text"),
                                   gone("gone"),
                                   symlink("l", "../x"),
                                   dir("z"),
                                   on_disk,
                                   hardlink("a", "z/disk"),
                                   entry("p", Type::Fifo, 0600)};
  for (tree::Entry& each : entries) {
    if (each.type == Type::Whiteout || each.type == Type::Hardlink) continue;
    each.uid = ::geteuid();
    each.gid = ::getegid();
  }
  materialize(tree::Tree(entries), at("target"), false);
  const tree::Tree back = read_upper(at("target"));
  EXPECT_EQ(describe(back),
            "d 750 \nf 2755 a\nw 0 gone\nl 777 l -> ../x\nd! 700 opaque\nf 644 opaque/f\np 600 "
            "p\nd 755 z\nh 0 z/disk -> a\n");
  EXPECT_EQ(back.find("a")->mtime_ns, 1'234'567'890);
  EXPECT_EQ(back.find("opaque")->mtime_ns, 5'000'000'000);
  EXPECT_EQ(back.find("a")->xattrs, (tree::Xattrs{{"user.a", "b"}}));
  EXPECT_TRUE(os::read_file(at("target/z/disk")) == os::read_file(at("source")));
  EXPECT_EQ(os::read_file(at("target/opaque/f")), "text");
}

TEST_F(DiffTest, MaterializeNamesTheFileThatChanged) {
  os::write_file_atomic(at("source"), "12345");
  tree::Entry on_disk = file("f", "");
  on_disk.size = 6;
  on_disk.content.disk_path = at("source");
  on_disk.uid = ::geteuid();
  on_disk.gid = ::getegid();
  EXPECT_THAT(error_of([&] { materialize(tree::Tree({on_disk}), at("target"), false); }),
              HasSubstr(at("source")));
}

// Runs `body` as root of a user namespace with a mount namespace of its own; its text is what went
// wrong, "" for nothing.
std::string in_namespaces(const std::function<std::string()>& body) {
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return "skip: pipe";
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const pid_t child = ::fork();
  if (child == 0) {
    std::string result;
    try {
      const auto write = [](const char* path, const std::string& text) {
        const os::UniqueFd fd = os::open_file(path, O_WRONLY);
        os::write_all(fd.get(), text);
      };
      if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) throw errno_error("unshare");
      write("/proc/self/setgroups", "deny");
      write("/proc/self/uid_map", fmt::format("0 {} 1", uid));
      write("/proc/self/gid_map", fmt::format("0 {} 1", gid));
    } catch (const Error& error) {
      result = "skip: " + error.render();
    }
    try {
      if (result.empty()) result = body();
    } catch (const std::exception& error) {
      result = error.what();
    }
    [[maybe_unused]] const ssize_t n = ::write(pipe_fds[1], result.data(), result.size());
    ::_exit(0);
  }
  ::close(pipe_fds[1]);
  const os::UniqueFd from(pipe_fds[0]);
  const std::string result = os::read_all(from.get());
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? result : fmt::format("the child ended with status {}", status);
}

TEST_F(DiffTest, AnOverlayMountIsReadAsWhatChanged) {
  ASSERT_EQ(shell(fmt::format("cd {}/lower; mkdir -p keep emptied/sub old; echo 1 > keep/f; echo 1 "
                              "> keep/gone; echo 1 > emptied/f; echo 1 > old/f",
                              root_)),
            "");
  const std::string result = in_namespaces([&]() -> std::string {
    const std::string options =
        fmt::format("lowerdir={0}/lower,upperdir={0}/upper,workdir={0}/work,userxattr", root_);
    if (::mount("overlay", at("merged").c_str(), "overlay", 0, options.c_str()) != 0)
      return "skip: " + errno_error("mount overlay").render();
    const std::string script =
        shell(fmt::format("cd {}/merged; rm keep/gone; echo 2 > keep/new; rm -r emptied; mkdir "
                          "emptied; echo 2 > emptied/new; rm -r old; ln keep/new keep/other",
                          root_));
    if (!script.empty()) return script;
    const std::string seen = describe(read_upper(at("upper")));
    // The same layer, unpacked somewhere else and laid over the same lower directory, must show the
    // same files.
    const Layer layer = write_to_memory(read_upper(at("upper")));
    unpack_bytes(layer.bytes, at("target"), {});
    const std::string again = fmt::format("lowerdir={0}/target:{0}/lower,userxattr", root_);
    os::make_dirs(at("again"));
    if (::mount("overlay", at("again").c_str(), "overlay", MS_RDONLY, again.c_str()) != 0)
      return errno_error("mount overlay again").render();
    const std::string difference = shell(fmt::format(
        "diff -r {0}/merged {0}/again && cd {0}/again && find . | sort | tr '\\n' ' '", root_));
    return seen + difference;
  });
  if (result.starts_with("skip: ")) GTEST_SKIP() << result;
  EXPECT_EQ(result,
            "d! 755 emptied\nf 644 emptied/new\nd 755 keep\nw 0 keep/gone\nf 644 keep/new\nh 0 "
            "keep/other -> keep/new\nw 0 old\n"
            ". ./emptied ./emptied/new ./keep ./keep/f ./keep/new ./keep/other ");
}

TEST_F(DiffTest, CapabilitiesAreReadAsTheNamespaceSeesThem) {
  const std::string result = in_namespaces([&]() -> std::string {
    const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    os::write_file_atomic(at("upper/f"), "x");
    if (::setxattr(at("upper/f").c_str(), "security.capability", capability.data(),
                   capability.size(), 0) != 0)
      return "skip: " + errno_error("set a capability").render();
    const tree::Tree tree = read_upper(at("upper"));
    if (tree.find("f")->xattrs != tree::Xattrs{{"security.capability", capability}})
      return "another value";
    unpack_bytes(write_to_memory(tree).bytes, at("target"), {});
    return read_upper(at("target")).find("f")->xattrs == tree.find("f")->xattrs
               ? ""
               : "lost by the layer";
  });
  if (result.starts_with("skip: ")) GTEST_SKIP() << result;
  EXPECT_EQ(result, "");
}

}  // namespace
}  // namespace slipway::layer

// What a step finds mounted, and what it leaves in the layer.

#include "exec/mounts.h"
#include "exec/step_fixture.h"

namespace slipway::exec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(RunStep, LeavesUpperEmptyAlsoWhereMountPointsAreMissing) {
  for (const char* dir : {"proc", "sys", "dev"})
    ASSERT_EQ(::rmdir(path("base/" + std::string(dir)).c_str()), 0);
  for (const char* file : {"hosts", "resolv.conf"})
    ASSERT_EQ(::unlink(path("base/etc/" + std::string(file)).c_str()), 0);
  write("secret", "hush");
  spec.mounts = {{.source = path("secret"), .target = "/run/secrets/key"}};
  EXPECT_EQ(sh("cat /run/secrets/key; grep -c localhost /etc/hosts").exit_code, 0);
  EXPECT_EQ(output, "hush2\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, AMissingMountPointDoesNotChangeTheDirectoryAroundIt) {
  ASSERT_EQ(::unlink(path("base/etc/hosts").c_str()), 0);
  ASSERT_EQ(::chmod(path("base/etc").c_str(), 0711), 0);
  const timespec times[2] = {{1000000000, 0}, {1000000000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path("base/etc").c_str(), times, 0), 0);
  sh("stat -c '%a %u %Y' /etc; echo x > /etc/new");
  EXPECT_EQ(output, "711 0 1000000000\n");
  EXPECT_THAT(in_upper(), ElementsAre("etc", "etc/new"));
}

TEST_F(RunStep, WritesChangesToUpper) {
  sh("echo hello > /tmp/file; mkdir /dir; ln -s /tmp /dir/link");
  EXPECT_THAT(in_upper(), ElementsAre("dir", "dir/link", "tmp", "tmp/file"));
  EXPECT_EQ(os::read_file(spec.upper + "/tmp/file"), "hello\n");
}

TEST_F(RunStep, MarksARemovedFileWithAWhiteout) {
  write("base/tmp/gone", "x");
  sh("rm /tmp/gone");
  struct stat st{};
  ASSERT_EQ(::lstat((spec.upper + "/tmp/gone").c_str(), &st), 0);
  EXPECT_TRUE(S_ISCHR(st.st_mode));
  EXPECT_EQ(st.st_rdev, 0u);
}

TEST_F(RunStep, ShowsTheTopmostOfManyLayers) {
  for (int i = 0; i < 499; ++i) {
    write("layer" + std::to_string(i) + "/number", std::to_string(i));
    spec.lowers.push_back(path("layer" + std::to_string(i)));
  }
  sh("cat /number");
  EXPECT_EQ(output, "498");
}

TEST_F(RunStep, RunsAStaticProgramWithoutAnyLayer) {
  write("bin/busybox", "");
  spec.mounts = {{.source = kBusybox, .target = "/busybox"}};
  spec.lowers.clear();
  fresh_step();
  spec.argv = {"/busybox", "echo", "alone"};
  EXPECT_EQ(run_step(spec, {}).exit_code, 0);
  EXPECT_EQ(output, "alone\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, WritesHostsAndKeepsThemOutOfTheLayer) {
  spec.hostname = "builder";
  spec.extra_hosts = {{"db", "10.0.0.7"}};
  sh("cat /etc/hosts; hostname");
  EXPECT_EQ(output,
            "127.0.0.1\tlocalhost builder\n::1\tlocalhost ip6-localhost "
            "ip6-loopback\n10.0.0.7\tdb\nbuilder\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, BindsFilesAndDirectoriesReadOnlyOrNot) {
  write("context/a", "content");
  write("cache/b", "kept");
  spec.mounts = {{.source = path("context"), .target = "/src"},
                 {.source = path("cache"), .target = "/var/cache/x", .read_only = false},
                 {.source = path("context/a"), .target = "/etc/a"}};
  EXPECT_EQ(sh("cat /src/a /etc/a; echo new > /var/cache/x/c; echo x > /src/a || echo x > /etc/a "
               "|| echo refused")
                .exit_code,
            0);
  EXPECT_EQ(output, "contentcontentrefused\n");
  EXPECT_EQ(os::read_file(path("cache/c")), "new\n");
  EXPECT_EQ(os::read_file(path("context/a")), "content");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, BindsFromAMountWhoseFlagsAreLocked) {
  const os::TempDir directory("/dev/shm", "exec-test-");
  os::write_all(os::open_file(directory.path() + "/file", O_CREAT | O_WRONLY).get(), "content");
  spec.mounts = {{.source = directory.path(), .target = "/src"},
                 {.source = directory.path(), .target = "/rw", .read_only = false}};
  EXPECT_EQ(sh("cat /src/file && echo x > /rw/new && ! echo x > /src/file").exit_code, 0) << errors;
  EXPECT_EQ(output, "content");
}

TEST_F(RunStep, ThrowsWritesAwayWhereAsked) {
  write("context/a", "content");
  spec.mounts = {
      {.source = path("context"), .target = "/src", .read_only = false, .discard_writes = true},
      {.source = path("context/a"), .target = "/a", .read_only = false, .discard_writes = true}};
  EXPECT_EQ(sh("rm /src/a && echo new > /src/b && echo more >> /a && cat /a /src/b").exit_code, 0);
  EXPECT_EQ(output, "contentmore\nnew\n");
  EXPECT_EQ(os::list_dir(path("context")), std::vector<std::string>{"a"});
  EXPECT_EQ(os::read_file(path("context/a")), "content");
}

TEST_F(RunStep, MountsATmpfsOfTheAskedForSize) {
  spec.mounts = {{.target = "/scratch", .is_tmpfs = true, .tmpfs_size = 1u << 20}};
  EXPECT_EQ(
      sh("echo x > /scratch/f; df -k /scratch | grep -c ' 1024 '; stat -c %a /scratch").exit_code,
      0);
  EXPECT_EQ(output, "1\n1777\n");
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, MountsInsideMountsWhateverTheOrder) {
  write("outer/o", "outer");
  write("inner/i", "inner");
  spec.mounts = {{.source = path("inner"), .target = "/m/n"},
                 {.source = path("outer"), .target = "/m", .read_only = false}};
  EXPECT_EQ(sh("cat /m/o /m/n/i").exit_code, 0);
  EXPECT_EQ(output, "outerinner");
}

TEST_F(RunStep, ResolvesLinksInTargetsInsideTheRoot) {
  ASSERT_EQ(::symlink("/../../../var/lib", path("base/out").c_str()), 0);
  ASSERT_EQ(::symlink("../run/missing", path("base/etc/dangling").c_str()), 0);
  write("secret", "hush");
  spec.mounts = {{.source = path("secret"), .target = "/out/secret"},
                 {.source = path("secret"), .target = "/etc/dangling"}};
  EXPECT_EQ(sh("cat /var/lib/secret /run/missing").exit_code, 0);
  EXPECT_EQ(output, "hushhush");
  EXPECT_FALSE(os::exists("/var/lib/secret"));
  EXPECT_THAT(in_upper(), IsEmpty());
}

TEST_F(RunStep, AlsoMountsOverlaysTheWayOfOlderKernels) {
  write("second/etc/more", "more");
  const std::string work = path("old-work"), upper = path("old-upper");
  os::make_dirs(work);
  os::make_dirs(upper);
  const os::UniqueFd mount =
      overlay_mount_by_option_string({{path("base"), path("second")}, upper, work});
  EXPECT_EQ(os::read_all(os::open_at(mount.get(), "etc/more", O_RDONLY).get()), "more");
  EXPECT_EQ(os::read_all(os::open_at(mount.get(), "etc/group", O_RDONLY).get()),
            os::read_file(path("base/etc/group")));
  os::write_all(os::open_at(mount.get(), "etc/new", O_WRONLY | O_CREAT).get(), "x");
  EXPECT_EQ(os::read_file(upper + "/etc/new"), "x");
}

TEST_F(RunStep, APathLongerThanAMountOptionIsNoProblem) {
  const std::string deep = "d/" + std::string(200, 'a') + "/" + std::string(200, 'b');
  write(deep + "/deep-file", "found");
  spec.lowers.push_back(path(deep));
  EXPECT_EQ(sh("cat /deep-file").exit_code, 0);
  EXPECT_EQ(output, "found");
}

}  // namespace
}  // namespace slipway::exec

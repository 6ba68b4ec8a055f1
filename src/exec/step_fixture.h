// For tests: a small root file system and one step after another in it.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "exec/run.h"
#include "oci/platform.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::exec {

/// A root file system of busybox in one layer, and directories for one step at a time.
class RunStep : public testing::Test {
 protected:
  static constexpr char kBusybox[] = "/bin/busybox";

  void SetUp() override {
    if (!os::exists(kBusybox)) GTEST_SKIP() << "busybox-static is not installed";
    const std::string base = path("base");
    for (const char* dir : {"bin", "proc", "sys", "dev", "etc", "tmp", "var/lib"})
      os::make_dirs(base + "/" + dir);
    std::filesystem::copy_file(kBusybox, base + "/bin/busybox");
    for (const char* applet :
         {"sh",    "true", "false", "cat",     "ls",    "id",       "pwd",   "env",
          "touch", "rm",   "chown", "stat",    "mkdir", "kill",     "sleep", "echo",
          "grep",  "test", "mount", "unshare", "ip",    "nc",       "seq",   "hostname",
          "df",    "ln",   "wc",    "head",    "mv",    "readlink", "printf"})
      ASSERT_EQ(::symlink("busybox", (base + "/bin/" + applet).c_str()), 0);
    write("base/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:34::/var/www:/bin/sh\n");
    write("base/etc/group", "root:x:0:\nwww:x:34:\nextra:x:35:www\n");
    write("base/etc/hosts", "");
    write("base/etc/resolv.conf", "");
    spec.lowers = {base};
    spec.env = {"PATH=/bin"};
    spec.platform = oci::host_platform();
    spec.output = [this](std::string_view bytes, bool is_stderr) {
      (is_stderr ? errors : output).append(bytes);
    };
    fresh_step();
  }

  std::string path(std::string_view name) const { return temp.path() + "/" + std::string(name); }
  void write(std::string_view name, std::string_view text) const {
    os::make_dirs(os::dir_name(path(name)));
    os::write_all(os::open_file(path(name), O_CREAT | O_WRONLY | O_TRUNC).get(), text);
  }
  void fresh_step() {
    const std::string number = std::to_string(steps++);
    spec.id = "t" + number;
    spec.upper = path("upper" + number);
    spec.scratch = path("scratch" + number);
    os::make_dirs(spec.upper);
    os::make_dirs(spec.scratch);
    output.clear();
    errors.clear();
  }
  RunResult sh(const std::string& script) {
    fresh_step();
    spec.argv = {"/bin/sh", "-c", script};
    return run_step(spec, {});
  }
  std::vector<std::string> in_upper() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(spec.upper))
      found.push_back(entry.path().string().substr(spec.upper.size() + 1));
    std::sort(found.begin(), found.end());
    return found;
  }

  os::TempDir temp{"/var/tmp", "exec-test-"};
  RunSpec spec;
  int steps = 0;
  std::string output, errors;
};

}  // namespace slipway::exec

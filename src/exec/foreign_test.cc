// The tables of architectures, and foreign programs under QEMU in the private binfmt_misc instance.
#include "exec/foreign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "exec/sandbox.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

using testing::HasSubstr;

oci::Platform platform(const char* text) { return oci::parse_platform(text); }

TEST(Foreign, RegistersByMachineAndClassWithAnyAbi) {
  const std::string line =
      binfmt_registration(*foreign_arch(platform("linux/arm64")), "/usr/bin/qemu-aarch64-static");
  EXPECT_EQ(
      line,
      ":slipway-aarch64:M::"
      "\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00"
      "\\xb7\\x00:"
      "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\"
      "xff\\xff:"
      "/usr/bin/qemu-aarch64-static:FCP");
}

TEST(Foreign, WritesNumbersOfBigEndianMachinesTheirWay) {
  const std::string line = binfmt_registration(*foreign_arch(platform("linux/s390x")), "/q");
  EXPECT_THAT(line, HasSubstr("\\x00\\x02\\x00\\x16:"));
  EXPECT_THAT(line, HasSubstr("\\xff\\xfe\\xff\\xff:/q:FCP"));
}

TEST(Foreign, AnInterpreterPathMayHaveAColon) {
  EXPECT_THAT(binfmt_registration(*foreign_arch(platform("linux/arm64")), "/a:b/qemu"),
              HasSubstr("|/a:b/qemu|FCP"));
}

TEST(Foreign, KnowsNoPlatformOfOtherSystems) {
  EXPECT_EQ(foreign_arch({"windows", "amd64", "", ""}), nullptr);
}

TEST(Foreign, TellsStaticFromDynamicPrograms) {
  EXPECT_EQ(needs_interpreter(probe_executable(*foreign_arch(platform("linux/arm64")))), false);
  EXPECT_EQ(needs_interpreter(os::read_file("/bin/ls")), true);
  EXPECT_EQ(needs_interpreter("#!/bin/sh\n"), std::nullopt);
}

class Emulated : public testing::TestWithParam<const char*> {};

TEST_P(Emulated, ItsProbeRunsUnderTheEmulator) {
  const oci::Platform wanted = platform(GetParam());
  if (oci::runs_natively(oci::host_platform(), wanted)) GTEST_SKIP() << "native here";
  if (!os::find_program("qemu-" + std::string(foreign_arch(wanted)->machine) + "-static"))
    GTEST_SKIP() << "qemu-user-static is not installed";
  const auto emulators = enable_emulation({wanted});
  ASSERT_TRUE(emulators.contains(wanted.str()));
  EXPECT_THAT(emulators.at(wanted.str()).version, HasSubstr("version"));
}

INSTANTIATE_TEST_SUITE_P(Platforms, Emulated,
                         testing::Values("linux/arm64", "linux/arm/v7", "linux/amd64", "linux/386",
                                         "linux/riscv64", "linux/ppc64le", "linux/s390x",
                                         "linux/mips64le", "linux/loong64"));

TEST(Emulation, NativePlatformsNeedNone) {
  EXPECT_TRUE(enable_emulation({oci::host_platform()}).empty());
}

TEST(Emulation, NamesThePackageWhenThereIsNoEmulator) {
  ::setenv("SLIPWAY_QEMU_MIPS64", "/bin/ls", 1);
  try {
    enable_emulation({{"linux", "mips64", "", ""}});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("not statically linked"));
    EXPECT_THAT(error.hint(), HasSubstr("qemu-user-static"));
  }
  ::unsetenv("SLIPWAY_QEMU_MIPS64");
}

}  // namespace
}  // namespace slipway::exec

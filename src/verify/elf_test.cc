#include "verify/elf.h"

#include <gtest/gtest.h>

#include "os/fs.h"
#include "verify/code.h"
#include "verify/test_files.h"

namespace slipway::verify {
namespace {

using testing::elf_bytes;
using testing::ElfFile;

std::span<const uint8_t> raw(const std::string& bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }

std::optional<Elf> read(const std::string& bytes) {
  const MemoryBytes memory(raw(bytes));
  return read_elf(memory);
}

TEST(Elf, HeadersOfEveryWidthAndByteOrderAreRead) {
  for (const int bits : {32, 64})
    for (const bool big_endian : {false, true}) {
      const auto elf = read(elf_bytes({.machine = kMachineMips, .bits = bits, .big_endian = big_endian, .type = 2, .flags = 0x70001007}));
      ASSERT_TRUE(elf);
      EXPECT_EQ(elf->machine, kMachineMips);
      EXPECT_EQ(elf->bits, bits);
      EXPECT_EQ(elf->big_endian, big_endian);
      EXPECT_EQ(elf->flags, 0x70001007u);
      EXPECT_TRUE(elf->is_program());
      EXPECT_FALSE(elf->is_dynamic);
      EXPECT_FALSE(elf->is_cut);
    }
}

TEST(Elf, LoaderAndLibrariesAreRead) {
  for (const int bits : {32, 64})
    for (const bool big_endian : {false, true}) {
      const auto elf = read(elf_bytes({.bits = bits,
                                       .big_endian = big_endian,
                                       .interpreter = "/lib/ld.so",
                                       .needed = {"libc.so.6", "libm.so.6"},
                                       .soname = "me.so",
                                       .rpath = "/opt/lib",
                                       .runpath = "$ORIGIN/../lib",
                                       .is_pie = true}));
      ASSERT_TRUE(elf);
      EXPECT_EQ(elf->interpreter, "/lib/ld.so");
      EXPECT_EQ(elf->needed, (std::vector<std::string>{"libc.so.6", "libm.so.6"}));
      EXPECT_EQ(elf->soname, "me.so");
      EXPECT_EQ(elf->rpath, "/opt/lib");
      EXPECT_EQ(elf->runpath, "$ORIGIN/../lib");
      EXPECT_TRUE(elf->is_pie && elf->is_dynamic && elf->is_program());
      EXPECT_FALSE(elf->is_cut);
    }
}

TEST(Elf, NotesSayWhatTheProcessorNeeds) {
  EXPECT_EQ(read(elf_bytes({.x86_isa = 7}))->x86_isa, 7u);
  EXPECT_EQ(read(elf_bytes({.machine = kMachine386, .bits = 32, .x86_isa = 3}))->x86_isa, 3u);
  EXPECT_EQ(read(elf_bytes({.machine = kMachineArm64, .arm64_features = 3}))->features, 3u);
  EXPECT_EQ(read(elf_bytes({.machine = kMachineArm64, .x86_isa = 7}))->x86_isa, 0u) << "another machine's property";
}

TEST(Elf, ArmAttributesNameTheArchitecture) {
  EXPECT_EQ(read(elf_bytes({.machine = kMachineArm, .bits = 32, .arm_cpu = 10}))->arm_version, 7);
  EXPECT_EQ(read(elf_bytes({.machine = kMachineArm, .bits = 32, .arm_cpu = 4}))->arm_version, 5);
  EXPECT_EQ(read(elf_bytes({.machine = kMachineArm, .bits = 32, .arm_cpu = 99}))->arm_version, 0);
  EXPECT_EQ(read(elf_bytes({.machine = kMachineArm, .bits = 32}))->arm_version, 0);
}

TEST(Elf, EveryPrefixOfAFileIsReadOrRefused) {
  const std::string whole = elf_bytes({.interpreter = "/lib/ld.so", .needed = {"libc.so.6"}, .runpath = "/a", .x86_isa = 1});
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto elf = read(whole.substr(0, size));
    EXPECT_EQ(elf.has_value(), size >= 52) << size;
    if (elf) {
      EXPECT_TRUE(elf->is_cut) << size;
    }
  }
  EXPECT_FALSE(read(whole)->is_cut);
}

TEST(Elf, EveryChangedByteIsReadOrRefused) {
  const std::string whole = elf_bytes({.interpreter = "/lib/ld.so", .needed = {"libc.so.6"}, .x86_isa = 1});
  for (size_t at = 0; at < whole.size(); ++at)
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = value;
      if (const auto elf = read(bytes)) {
        EXPECT_LE(elf->needed.size(), 4096u);
      }
    }
}

TEST(Elf, ThisProgramIsAProgramOfThisMachine) {
  const os::TempDir dir("/tmp");
  const std::string path = dir.path() + "/self";
  os::write_file_atomic(path, os::read_file("/proc/self/exe"));
  const auto code = read_code("self", DiskBytes(path));
  ASSERT_TRUE(code && code->elf.is_program());
  EXPECT_EQ(machine_name(code->elf), oci::host_platform().arch);
  EXPECT_FALSE(code->elf.needed.empty());
  EXPECT_FALSE(code->elf.is_cut);
}

TEST(Code, OtherFormatsAreKnownByTheirMachine) {
  const auto code = [](const std::string& bytes) { return read_code("f", MemoryBytes(raw(bytes))); };
  std::string pe = "MZ" + std::string(58, '\0') + std::string("\x40\0\0\0", 4) + std::string("PE\0\0\x64\xaa", 6);
  ASSERT_TRUE(code(pe));
  EXPECT_EQ(describe(*code(pe)), "a Windows program for arm64");
  EXPECT_FALSE(code("MZ is how this text begins, and it is long enough to hold a header of 64 bytes."));
  const std::string mach = std::string("\xcf\xfa\xed\xfe\x0c\0\0\x01", 8) + std::string(24, '\0');
  EXPECT_EQ(describe(*code(mach)), "a macOS program for arm64");
  const std::string fat = std::string("\xca\xfe\xba\xbe\0\0\0\x02", 8) + std::string("\x01\0\0\x07", 4) + std::string(16, '\0') +
                          std::string("\x01\0\0\x0c", 4) + std::string(16, '\0');
  EXPECT_EQ(describe(*code(fat)), "a macOS program for amd64 and arm64");
  EXPECT_FALSE(code(std::string("\xca\xfe\xba\xbe\0\0\0\x41", 8) + std::string(64, 'x'))) << "a Java class";
  EXPECT_FALSE(code("#!/bin/sh\n"));
  EXPECT_FALSE(code(""));
}

TEST(Code, MachinesAreNamedAsPlatformsAre) {
  const auto name = [](ElfFile file) { return machine_name(*read(elf_bytes(file))); };
  EXPECT_EQ(name({}), "amd64");
  EXPECT_EQ(name({.bits = 32}), "x32 (amd64 with 32-bit addresses)");
  EXPECT_EQ(name({.machine = kMachineArm64}), "arm64");
  EXPECT_EQ(name({.machine = kMachineArm, .bits = 32, .flags = 0x5000400, .arm_cpu = 10}), "arm/v7 (hard float)");
  EXPECT_EQ(name({.machine = kMachinePpc64}), "ppc64le");
  EXPECT_EQ(name({.machine = kMachinePpc64, .big_endian = true}), "ppc64");
  EXPECT_EQ(name({.machine = kMachineS390, .big_endian = true}), "s390x");
  EXPECT_EQ(name({.machine = kMachineRiscv, .flags = 5}), "riscv64");
  EXPECT_EQ(name({.machine = kMachineRiscv, .flags = 1}), "riscv64 (soft float)");
  EXPECT_EQ(name({.machine = kMachineMips, .bits = 32}), "mipsle");
  EXPECT_EQ(name({.machine = kMachineLoongArch}), "loong64");
  EXPECT_EQ(name({.machine = 224}), "machine 224");
}

}  // namespace
}  // namespace slipway::verify

// What is done to copies of programs, on programs of this machine.
#include "twins/elf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/fs.h"

namespace slipway::twins {
namespace {

const Host& host() { return *this_host(); }

std::string shell() { return os::read_file("/bin/sh"); }

TEST(Elf, TellsTheLoaderAndTheLibrariesOfAProgram) {
  const auto facts = read_elf(shell(), host());
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->is_program_of_host);
  EXPECT_EQ(facts->interpreter, host().loader);
  EXPECT_THAT(facts->needed, testing::Contains("libc.so.6"));
}

TEST(Elf, DamagedFilesAreNoPrograms) {
  EXPECT_FALSE(read_elf("#!/bin/sh\n", host()));
  EXPECT_FALSE(read_elf("", host()));
  const std::string whole = shell();
  for (size_t size = 4; size < 2000; size += 37) {
    const auto facts = read_elf(std::string_view(whole).substr(0, size), host());
    if (facts) {
      EXPECT_TRUE(facts->needed.empty() || size > 64) << size;
    }
  }
  std::string wild = whole;
  for (size_t at = 32; at < 40; ++at) wild[at] = '\xff';  // where the program headers are
  EXPECT_FALSE(read_elf(wild, host()));
}

TEST(Elf, PlacesMoveWithoutMovingABytes) {
  std::string bytes = shell();
  const size_t size = bytes.size();
  ASSERT_TRUE(move_places(bytes, host()));
  EXPECT_EQ(bytes.size(), size);
  EXPECT_EQ(read_elf(bytes, host())->interpreter, kLoaderPlace);
}

TEST(Elf, LibraryPathsBecomeOursAtTheBeginOfAPathOnly) {
  std::string bytes = shell();
  const std::string usual = "/usr/lib/" + host().triplet;
  const size_t at = bytes.size();
  bytes += '\0' + usual + "/gconv" + '\0' + "/opt" + usual + '\0' + usual + "-more" + '\0';
  ASSERT_TRUE(move_places(bytes, host()));
  const std::string tail = bytes.substr(at);
  EXPECT_THAT(tail, testing::HasSubstr(std::string(kLibraryPlace) + "/"));
  EXPECT_THAT(tail, testing::HasSubstr("/gconv"));
  EXPECT_THAT(tail, testing::HasSubstr("/opt" + usual));
  EXPECT_THAT(tail, testing::HasSubstr(usual + "-more"));
  EXPECT_EQ(tail.find(usual + "/gconv"), tail.npos);
}

TEST(Elf, AnotherLoaderIsNotTouched) {
  std::string bytes = shell();
  const size_t at = bytes.find(host().loader);
  bytes[at + 1] = 'X';
  EXPECT_FALSE(move_places(bytes, host()));
}

TEST(Elf, TheArchitectureIsReplacedAsAWord) {
  const std::string other = host().arch == "amd64" ? "arm64" : "amd64";
  std::string bytes = "(" + host().arch + ")" + '\0' + host().arch + '\0' + host().arch + "-microcode" + '\0';
  EXPECT_EQ(force_architecture(bytes, host(), other, false), 2);
  EXPECT_EQ(bytes, "(" + other + ")" + '\0' + other + '\0' + host().arch + "-microcode" + '\0');
}

TEST(Elf, ALongerNameDoesNotFit) {
  std::string bytes = "x " + host().arch;
  const std::string before = bytes;
  EXPECT_FALSE(force_architecture(bytes, host(), "riscv64", false));
  EXPECT_EQ(bytes, before);
}

TEST(Elf, AWordInCodeIsReplacedIfItIsThereJustOnce) {
  if (host().arch != "amd64") GTEST_SKIP() << "written for the compilers of amd64";
  // mov dword ptr [rsp+0x70], "amd6"; ... mov byte ptr [rsp+0x74], "4"
  const std::string code = "\xc7\x44\x24\x70" "amd6" "\x48\x89\xea\xc6\x44\x24\x74" "4";
  std::string bytes = code + std::string(32, '\0');
  EXPECT_EQ(force_architecture(bytes, host(), "arm64", true), 1);
  EXPECT_THAT(bytes, testing::HasSubstr("arm6\x48"));
  bytes = code + std::string(32, '\0') + code + std::string(32, '\0');
  EXPECT_FALSE(force_architecture(bytes, host(), "arm64", true)) << "twice is not what was looked at";
  bytes = "nothing";
  EXPECT_FALSE(force_architecture(bytes, host(), "arm64", true));
}

}  // namespace
}  // namespace slipway::twins

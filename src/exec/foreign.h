// What a kernel and QEMU need to know about each architecture: its ELF identity, the name of its
// emulator, and a program of a few instructions to try it with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/platform.h"

namespace slipway::exec {

struct ForeignArch {
  std::string_view arch;     // as in a platform: "arm64"
  std::string_view machine;  // as QEMU and uname say it: "aarch64"
  bool is_64 = true;
  bool is_little = true;
  uint16_t elf_machine = 0;
  /// Instructions of a program that exits with kProbeExitCode.
  std::vector<uint8_t> exit_program;
};

constexpr int kProbeExitCode = 42;

/// nullptr for architectures that this table does not know.
const ForeignArch* foreign_arch(const oci::Platform& platform);

/// A static executable of one page that does nothing but exit with kProbeExitCode.
std::string probe_executable(const ForeignArch& arch);

/// The line for /proc/sys/fs/binfmt_misc/register. Flags: F opens the emulator now, so that it
/// works below any root; C gives set-uid programs their rights; P lets programs see their own
/// argv[0].
std::string binfmt_registration(const ForeignArch& arch, std::string_view interpreter);

/// Whether the ELF file's first bytes name an interpreter, which a root file system would not have.
/// nullopt: no ELF.
std::optional<bool> needs_interpreter(std::string_view elf);

}  // namespace slipway::exec

// What an ELF file says of itself: for which machine it is, what it needs to be loaded. Reads headers, the dynamic section
// and notes, never code (System V gABI; processor supplements of x86, Arm, RISC-V, Power, MIPS, LoongArch).
//
// Files come from outside: every offset and length is checked, what cannot be true is left out of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "verify/bytes.h"

namespace slipway::verify {

/// e_machine of the machines that Linux images are made for.
enum Machine : uint16_t {
  kMachine386 = 3,
  kMachineMips = 8,
  kMachinePpc = 20,
  kMachinePpc64 = 21,
  kMachineS390 = 22,
  kMachineArm = 40,
  kMachineSparcV9 = 43,
  kMachineAmd64 = 62,
  kMachineArm64 = 183,
  kMachineBpf = 247,
  kMachineRiscv = 243,
  kMachineLoongArch = 258,
};

struct Elf {
  uint16_t machine = 0;
  uint8_t bits = 64;  // 32 or 64
  bool big_endian = false;
  uint8_t os_abi = 0;  // EI_OSABI: 0 System V, 3 Linux, 6 Solaris, 9 FreeBSD, 12 OpenBSD
  uint16_t type = 0;   // 1 object, 2 program at a fixed address, 3 library or position-independent program, 4 core
  uint32_t flags = 0;  // e_flags: the ABI on Arm, RISC-V, Power, MIPS, LoongArch
  bool is_dynamic = false;
  bool is_pie = false;  // DF_1_PIE
  std::string interpreter;  // the loader, as PT_INTERP names it; empty: none
  std::string soname, rpath, runpath;
  std::vector<std::string> needed;
  uint32_t x86_isa = 0;   // GNU_PROPERTY_X86_ISA_1_NEEDED: bit 0 baseline, 1 v2, 2 v3, 3 v4
  uint32_t features = 0;  // x86: 1 IBT, 2 SHSTK; arm64: 1 BTI, 2 PAC
  uint8_t arm_version = 0;  // 4 ... 8 from the Arm build attributes; 0 not said
  bool is_cut = false;      // not all that the headers point to was at hand or in its place

  bool is_loadable() const { return type == 2 || type == 3; }
  bool is_program() const { return type == 2 || (type == 3 && (is_pie || !interpreter.empty())); }
  bool operator==(const Elf&) const = default;
};

/// nullopt for files that are no ELF files or have damaged headers.
std::optional<Elf> read_elf(const Bytes& file);

}  // namespace slipway::verify

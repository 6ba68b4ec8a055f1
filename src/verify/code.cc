#include "verify/code.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "hash/sha256.h"

namespace slipway::verify {
namespace {

constexpr size_t kHeadBytes = 4096;

uint32_t little32(const uint8_t* at) {
  return at[0] | uint32_t{at[1]} << 8 | uint32_t{at[2]} << 16 | uint32_t{at[3]} << 24;
}
uint32_t big32(const uint8_t* at) {
  return at[3] | uint32_t{at[2]} << 8 | uint32_t{at[1]} << 16 | uint32_t{at[0]} << 24;
}

bool is_elf(std::span<const uint8_t> head) {
  return head.size() >= 4 && head[0] == 0x7f && head[1] == 'E' && head[2] == 'L' && head[3] == 'F';
}
bool is_dos(std::span<const uint8_t> head) { return head.size() >= 2 && head[0] == 'M' && head[1] == 'Z'; }

/// One machine's Mach-O file in either byte order.
bool is_thin(uint32_t magic) {
  return magic == 0xfeedface || magic == 0xfeedfacf || magic == 0xcefaedfe || magic == 0xcffaedfe;
}
// Java classes begin with the same four bytes as Mach-O files for several machines; where those have the number of
// machines, classes have their version, 45 or later.
bool is_fat(std::span<const uint8_t> head) {
  return head.size() >= 8 && big32(head.data()) == 0xcafebabe && big32(&head[4]) > 0 && big32(&head[4]) < 40;
}

std::string mach_machine(uint32_t cpu) {
  switch (cpu) {
    case 7: return "386";
    case 0x01000007: return "amd64";
    case 12: return "arm";
    case 0x0100000c: return "arm64";
    case 18: return "ppc";
    case 0x01000012: return "ppc64";
    default: return fmt::format("machine {:#x}", cpu);
  }
}

std::string pe_machine(uint32_t machine) {
  switch (machine) {
    case 0x14c: return "386";
    case 0x8664: return "amd64";
    case 0x1c0:
    case 0x1c4: return "arm";
    case 0xaa64:
    case 0xa641: return "arm64";
    default: return fmt::format("machine {:#x}", machine);
  }
}

std::vector<std::string> read_mach(const Bytes& file) {
  std::array<uint8_t, 8 + 40 * 20> head{};
  const size_t have = file.read(0, head);
  if (have < 8) return {};
  const uint32_t magic = big32(head.data());
  if (magic == 0xfeedface || magic == 0xfeedfacf) return {mach_machine(big32(&head[4]))};
  if (is_thin(magic)) return {mach_machine(little32(&head[4]))};
  std::vector<std::string> out;
  for (uint32_t i = 0; i < big32(&head[4]) && 8 + (i + 1) * 20 <= have; ++i)
    out.push_back(mach_machine(big32(&head[8 + i * 20])));
  return out;
}

std::vector<std::string> read_pe(const Bytes& file) {
  std::array<uint8_t, 64> head{};
  std::array<uint8_t, 6> header{};
  if (file.read(0, head) < head.size()) return {};
  if (file.read(little32(&head[0x3c]), header) < header.size()) return {};
  if (header[0] != 'P' || header[1] != 'E' || header[2] != 0 || header[3] != 0) return {};
  return {pe_machine(header[4] | uint32_t{header[5]} << 8)};
}

std::string head_hash(const Bytes& file) {
  std::vector<uint8_t> head(kHeadBytes);
  head.resize(file.read(0, head));
  hash::Sha256 hasher;
  hasher.update(head);
  return hasher.finish_hex().substr(0, 16);
}

std::string article(const std::string& noun) { return (noun[0] == 'E' ? "an " : "a ") + noun; }

}  // namespace

bool may_be_code(std::span<const uint8_t> head) {
  return is_elf(head) || is_dos(head) || is_fat(head) || (head.size() >= 4 && is_thin(big32(head.data())));
}

std::optional<Code> read_code(const std::string& path, const Bytes& file) {
  std::array<uint8_t, kMagicBytes> magic{};
  const auto head = std::span(magic).first(file.read(0, magic));
  Code code{.path = path, .size = file.size()};
  if (is_elf(head)) {
    auto elf = read_elf(file);
    if (!elf) return std::nullopt;
    code.elf = std::move(*elf);
  } else if (is_dos(head)) {
    code.format = Format::Pe;
    code.machines = read_pe(file);
    if (code.machines.empty()) return std::nullopt;  // a DOS program, or text that begins with MZ
  } else if (may_be_code(head)) {
    code.format = Format::MachO;
    code.machines = read_mach(file);
  } else {
    return std::nullopt;
  }
  code.head = head_hash(file);
  return code;
}

std::string machine_name(const Elf& elf) {
  const char* little = elf.big_endian ? "" : "le";
  switch (elf.machine) {
    case kMachine386: return "386";
    case kMachineAmd64: return elf.bits == 64 ? "amd64" : "x32 (amd64 with 32-bit addresses)";
    case kMachineArm64: return elf.big_endian ? "arm64, big-endian" : elf.bits == 64 ? "arm64" : "arm64 with 32-bit addresses";
    case kMachineArm: {
      std::string name = elf.big_endian ? "arm, big-endian" : "arm";
      if (elf.arm_version) name += fmt::format("/v{}", elf.arm_version);
      if (elf.flags & 0x400) name += " (hard float)";
      if (elf.flags & 0x200) name += " (soft float)";
      return name;
    }
    case kMachineRiscv: {
      static constexpr std::array<const char*, 4> kFloats = {" (soft float)", " (single float)", "", " (quad float)"};
      return fmt::format("riscv{}{}", elf.bits, kFloats[elf.flags >> 1 & 3]);
    }
    case kMachinePpc: return "ppc";
    case kMachinePpc64: return fmt::format("ppc64{}", little);
    case kMachineS390: return elf.bits == 64 ? "s390x" : "s390";
    case kMachineMips:
      if (elf.bits == 64) return fmt::format("mips64{}", little);
      return elf.flags & 0x20 ? fmt::format("mips64{} (n32)", little) : fmt::format("mips{}", little);
    case kMachineLoongArch: return fmt::format("loong{}", elf.bits);
    case kMachineSparcV9: return "sparc64";
    case kMachineBpf: return "BPF";
    default: return fmt::format("machine {}", elf.machine);
  }
}

std::string describe(const Code& code) {
  if (code.format == Format::Pe) return fmt::format("a Windows program for {}", join(code.machines, " and "));
  if (code.format == Format::MachO) return fmt::format("a macOS program for {}", join(code.machines, " and "));
  const char* kind = code.elf.is_program() ? "program" : code.elf.type == 3 ? "library" : code.elf.type == 1 ? "object" : "file";
  const char* system = code.elf.os_abi == 9    ? "FreeBSD "
                       : code.elf.os_abi == 12 ? "OpenBSD "
                       : code.elf.os_abi == 6  ? "Solaris "
                                               : "ELF ";
  return fmt::format("{} for {}", article(std::string(system) + kind), machine_name(code.elf));
}

}  // namespace slipway::verify

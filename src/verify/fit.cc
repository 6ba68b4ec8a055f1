#include "verify/fit.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace slipway::verify {
namespace {

struct Arch {
  std::string_view name;  // as platforms have it
  uint16_t machine;
  uint8_t bits;
  bool big_endian;
};

constexpr Arch kArchs[] = {
    {"amd64", kMachineAmd64, 64, false},
    {"386", kMachine386, 32, false},
    {"arm64", kMachineArm64, 64, false},
    {"arm64be", kMachineArm64, 64, true},
    {"arm", kMachineArm, 32, false},
    {"armbe", kMachineArm, 32, true},
    {"riscv64", kMachineRiscv, 64, false},
    {"ppc64le", kMachinePpc64, 64, false},
    {"ppc64", kMachinePpc64, 64, true},
    {"s390x", kMachineS390, 64, true},
    {"loong64", kMachineLoongArch, 64, false},
    {"mips", kMachineMips, 32, true},
    {"mipsle", kMachineMips, 32, false},
    {"mips64", kMachineMips, 64, true},
    {"mips64le", kMachineMips, 64, false},
    {"sparc64", kMachineSparcV9, 64, true},
};

bool is_known_machine(uint16_t machine) {
  return machine == kMachinePpc || std::ranges::any_of(kArchs, [&](const Arch& arch) { return arch.machine == machine; });
}

int arm_variant(const oci::Platform& platform) {
  if (platform.variant.size() >= 2 && platform.variant[0] == 'v' && std::isdigit(platform.variant[1]))
    return platform.variant[1] - '0';
  return 7;
}

/// What the machine's own supplement of the ABI has in e_flags. Only what cannot run is refused: files that say nothing fit.
bool has_fitting_abi(const Elf& elf, const oci::Platform& platform) {
  switch (elf.machine) {
    case kMachineArm: {
      // EABI version 5, or nothing said; Debian's armel (v5) has no floating point unit to count on.
      const uint32_t version = elf.flags >> 24;
      if (version != 0 && version != 5) return false;
      const int variant = arm_variant(platform);
      if (variant < 6 && (elf.flags & 0x400)) return false;
      return elf.arm_version <= variant;
    }
    case kMachineRiscv:
      // Registers for floating point arguments count where there are libraries to call.
      return !elf.is_dynamic || elf.needed.empty() || (elf.flags & 6) == 4;
    case kMachinePpc64:
      return elf.big_endian ? (elf.flags & 3) != 2 : (elf.flags & 3) != 1;
    default:
      return true;
  }
}

struct Word {
  std::string_view text, arch;
};
// Longer words before those that they begin with.
constexpr Word kWords[] = {
    {"x86_64", "amd64"},       {"x86-64", "amd64"},       {"amd64", "amd64"},        {"x64", "amd64"},
    {"x8664", "amd64"},        {"i386", "386"},           {"i486", "386"},           {"i586", "386"},
    {"i686", "386"},           {"ia32", "386"},           {"x86_32", "386"},         {"x86", "386"},
    {"386", "386"},            {"aarch64_be", "arm64be"}, {"aarch64", "arm64"},      {"aarch_64", "arm64"},
    {"arm64ec", "arm64"},      {"arm64", "arm64"},        {"armv8l", "arm"},         {"armv8", "arm64"},
    {"armv7hf", "arm"},        {"armv7hl", "arm"},        {"armv7l", "arm"},         {"armv7", "arm"},
    {"armv6hf", "arm"},        {"armv6l", "arm"},         {"armv6", "arm"},          {"armv5", "arm"},
    {"armhf", "arm"},          {"armel", "arm"},          {"arm32", "arm"},          {"arm_32", "arm"},
    {"armeabi", "arm"},        {"arm", "arm"},            {"riscv64gc", "riscv64"},  {"riscv64", "riscv64"},
    {"riscv_64", "riscv64"},   {"ppc64le", "ppc64le"},    {"ppc64el", "ppc64le"},    {"powerpc64le", "ppc64le"},
    {"ppcle_64", "ppc64le"},   {"ppc64", "ppc64"},        {"powerpc64", "ppc64"},    {"ppc_64", "ppc64"},
    {"s390x", "s390x"},        {"s390_64", "s390x"},      {"loong64", "loong64"},    {"loongarch64", "loong64"},
    {"loongarch_64", "loong64"}, {"mips64el", "mips64le"}, {"mips64le", "mips64le"}, {"mips64", "mips64"},
    {"mipsel", "mipsle"},      {"mipsle", "mipsle"},      {"mips", "mips"},          {"sparc64", "sparc64"},
};

bool is_word_char(char c) { return std::isalnum(static_cast<unsigned char>(c)); }

}  // namespace

Fit fit(const Elf& elf, const oci::Platform& platform) {
  const auto wanted = std::ranges::find(kArchs, platform.arch, &Arch::name);
  if (wanted == std::end(kArchs) || platform.os != "linux") return Fit::Yes;
  if (elf.os_abi != 0 && elf.os_abi != 3 && elf.os_abi != 97) return Fit::Other;  // System V, Linux, Arm
  if (!is_known_machine(elf.machine)) return Fit::Other;
  if (elf.machine == wanted->machine && elf.bits == wanted->bits && elf.big_endian == wanted->big_endian)
    return has_fitting_abi(elf, platform) ? Fit::Yes : Fit::No;
  if (platform.arch == "amd64" && elf.machine == kMachine386 && elf.bits == 32) return Fit::Compatible;
  return Fit::No;
}

int x86_level(const Elf& elf) {
  if (elf.machine != kMachineAmd64) return 1;
  return elf.x86_isa & 8 ? 4 : elf.x86_isa & 4 ? 3 : elf.x86_isa & 2 ? 2 : 1;
}

int x86_level(const oci::Platform& platform) {
  if (platform.arch != "amd64") return 0;
  const std::string& v = platform.variant;
  return v.size() == 2 && v[0] == 'v' && v[1] >= '1' && v[1] <= '4' ? v[1] - '0' : 1;
}

std::vector<std::string> multiarch_names(const oci::Platform& platform) {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> kNames = {
      {"amd64", {"x86_64-linux-gnu"}},
      {"386", {"i386-linux-gnu", "i686-linux-gnu"}},
      {"arm64", {"aarch64-linux-gnu"}},
      {"arm", {"arm-linux-gnueabihf", "arm-linux-gnueabi"}},
      {"riscv64", {"riscv64-linux-gnu"}},
      {"ppc64le", {"powerpc64le-linux-gnu"}},
      {"ppc64", {"powerpc64-linux-gnu"}},
      {"s390x", {"s390x-linux-gnu"}},
      {"loong64", {"loongarch64-linux-gnu"}},
      {"mips", {"mips-linux-gnu"}},
      {"mipsle", {"mipsel-linux-gnu"}},
      {"mips64", {"mips64-linux-gnuabi64"}},
      {"mips64le", {"mips64el-linux-gnuabi64"}},
  };
  for (const auto& [arch, names] : kNames)
    if (arch == platform.arch) return names;
  return {};
}

Libc libc_of_loader(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.starts_with("ld-musl-")) return Libc::Musl;
  if (name.starts_with("ld-linux") || name.starts_with("ld64.so") || name.starts_with("ld.so")) return Libc::Glibc;
  return Libc::Unknown;
}

std::vector<NamedArch> archs_in(std::string_view path) {
  const std::string text = to_lower(path);
  std::vector<NamedArch> out;
  for (size_t at = 0; at < text.size(); ++at) {
    if (at > 0 && is_word_char(text[at - 1])) continue;
    for (const auto& word : kWords) {
      if (!std::string_view(text).substr(at).starts_with(word.text)) continue;
      const size_t end = at + word.text.size();
      if (end < text.size() && is_word_char(text[end])) continue;
      out.push_back({std::string(word.arch), at, end});
      at = end - 1;
      break;
    }
  }
  return out;
}

std::string arch_of(const Elf& elf) {
  for (const auto& arch : kArchs)
    if (arch.machine == elf.machine && arch.bits == elf.bits && arch.big_endian == elf.big_endian)
      return std::string(arch.name);
  return elf.machine == kMachineMips ? "mips" : "";
}

}  // namespace slipway::verify

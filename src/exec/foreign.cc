// The table and the bytes made from it. ELF layouts are those of elf(5); the machine code of the
// probes was assembled by hand: load the number of exit(2) and the exit code, trap.
#include "exec/foreign.h"

#include <elf.h>
#include <fmt/core.h>

#include <array>

namespace slipway::exec {
namespace {

const std::vector<ForeignArch>& table() {
  static const std::vector<ForeignArch> all = {
      // mov w0, #42; mov w8, #93; svc #0
      {"arm64",
       "aarch64",
       true,
       true,
       EM_AARCH64,
       {0x40, 0x05, 0x80, 0x52, 0xa8, 0x0b, 0x80, 0x52, 0x01, 0, 0, 0xd4}},
      // mov r0, #42; mov r7, #1; svc #0
      {"arm",
       "arm",
       false,
       true,
       EM_ARM,
       {0x2a, 0x00, 0xa0, 0xe3, 0x01, 0x70, 0xa0, 0xe3, 0x00, 0x00, 0x00, 0xef}},
      // mov edi, 42; mov eax, 60; syscall
      {"amd64",
       "x86_64",
       true,
       true,
       EM_X86_64,
       {0xbf, 42, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}},
      // mov ebx, 42; mov eax, 1; int 0x80
      {"386", "i386", false, true, EM_386, {0xbb, 42, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0xcd, 0x80}},
      // li a0, 42; li a7, 93; ecall
      {"riscv64",
       "riscv64",
       true,
       true,
       EM_RISCV,
       {0x13, 0x05, 0xa0, 0x02, 0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0}},
      // li r3, 42; li r0, 1; sc
      {"ppc64le",
       "ppc64le",
       true,
       true,
       EM_PPC64,
       {0x2a, 0, 0x60, 0x38, 0x01, 0, 0x00, 0x38, 0x02, 0, 0, 0x44}},
      // lghi %r2, 42; svc 1
      {"s390x", "s390x", true, false, EM_S390, {0xa7, 0x29, 0x00, 0x2a, 0x0a, 0x01}},
      // li a0, 42; li v0, 5058; syscall
      {"mips64le",
       "mips64el",
       true,
       true,
       EM_MIPS,
       {0x2a, 0, 0x04, 0x24, 0xc2, 0x13, 0x02, 0x24, 0x0c, 0, 0, 0}},
      {"mips64",
       "mips64",
       true,
       false,
       EM_MIPS,
       {0x24, 0x04, 0, 0x2a, 0x24, 0x02, 0x13, 0xc2, 0, 0, 0, 0x0c}},
      // ori a0, zero, 42; ori a7, zero, 93; syscall 0
      {"loong64",
       "loongarch64",
       true,
       true,
       258,
       {0x04, 0xa8, 0x80, 0x03, 0x0b, 0x74, 0x81, 0x03, 0, 0, 0x2b, 0}},
  };
  return all;
}

/// Appends numbers in the byte order of an architecture.
class Writer {
 public:
  explicit Writer(const ForeignArch& arch) : arch_(arch) {}
  void number(uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      const size_t byte = arch_.is_little ? i : size - 1 - i;
      out_ += static_cast<char>(value >> (8 * byte) & 0xff);
    }
  }
  void half(uint64_t value) { number(value, 2); }
  void word(uint64_t value) { number(value, 4); }
  void address(uint64_t value) { number(value, arch_.is_64 ? 8 : 4); }
  void bytes(std::string_view text) { out_ += text; }
  std::string take() { return std::move(out_); }

 private:
  const ForeignArch& arch_;
  std::string out_;
};

std::string identification(const ForeignArch& arch) {
  std::string ident = "\177ELF";
  ident += static_cast<char>(arch.is_64 ? ELFCLASS64 : ELFCLASS32);
  ident += static_cast<char>(arch.is_little ? ELFDATA2LSB : ELFDATA2MSB);
  ident += static_cast<char>(EV_CURRENT);
  ident.resize(EI_NIDENT, '\0');
  return ident;
}

/// Flags without which QEMU refuses or misreads a program.
uint32_t elf_flags(const ForeignArch& arch) {
  switch (arch.elf_machine) {
    case EM_ARM:
      return EF_ARM_EABI_VER5;
    case EM_PPC64:
      return 2;  // the ELFv2 calling convention: the entry is an address, not a descriptor
    case EM_MIPS:
      return EF_MIPS_ARCH_64R2;
    default:
      return 0;
  }
}

std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(byte));
  return out;
}

}  // namespace

const ForeignArch* foreign_arch(const oci::Platform& platform) {
  for (const auto& entry : table())
    if (platform.os == "linux" && entry.arch == platform.arch) return &entry;
  return nullptr;
}

std::string probe_executable(const ForeignArch& arch) {
  constexpr uint64_t kBase = 0x400000;
  const uint64_t header_size = arch.is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
  const uint64_t segment_size = arch.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
  const uint64_t code = header_size + segment_size, size = code + arch.exit_program.size();
  Writer out(arch);
  out.bytes(identification(arch));
  out.half(ET_EXEC);
  out.half(arch.elf_machine);
  out.word(EV_CURRENT);
  out.address(kBase + code);  // entry
  out.address(header_size);   // where the program headers are
  out.address(0);             // no section headers
  out.word(elf_flags(arch));
  out.half(header_size);
  out.half(segment_size);
  out.half(1);
  out.half(0);
  out.half(0);
  out.half(0);
  // One segment: this whole file, readable and executable.
  out.word(PT_LOAD);
  if (arch.is_64) out.word(PF_R | PF_X);
  out.address(0);
  out.address(kBase);
  out.address(kBase);
  out.address(size);
  out.address(size);
  if (!arch.is_64) out.word(PF_R | PF_X);
  out.address(0x10000);
  out.bytes({reinterpret_cast<const char*>(arch.exit_program.data()), arch.exit_program.size()});
  return out.take();
}

std::string binfmt_registration(const ForeignArch& arch, std::string_view interpreter) {
  Writer magic(arch);
  magic.bytes(identification(arch));
  magic.half(ET_EXEC);
  magic.half(arch.elf_machine);
  // Any ABI and ABI version; ET_EXEC (2) or ET_DYN (3), which differ in the lowest bit.
  std::string mask(EI_NIDENT + 4, '\xff');
  mask[EI_OSABI] = mask[EI_ABIVERSION] = '\0';
  mask[arch.is_little ? EI_NIDENT : EI_NIDENT + 1] = '\xfe';
  // The fields are separated by whatever the first character is; it must not occur in the path.
  const char separator = interpreter.find(':') == interpreter.npos ? ':' : '|';
  return fmt::format("{0}slipway-{1}{0}M{0}{0}{2}{0}{3}{0}{4}{0}FCP", separator, arch.machine,
                     escaped(magic.take()), escaped(mask), interpreter);
}

std::optional<bool> needs_interpreter(std::string_view elf) {
  // Emulators are programs of this machine, so its own structures fit; the offsets are checked
  // before each use.
  Elf64_Ehdr header;
  if (elf.size() < sizeof header || !elf.starts_with(ELFMAG)) return std::nullopt;
  if (elf[EI_CLASS] != ELFCLASS64) return false;
  elf.copy(reinterpret_cast<char*>(&header), sizeof header);
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const uint64_t at = header.e_phoff + i * header.e_phentsize;
    if (at > elf.size() || elf.size() - at < sizeof segment) return std::nullopt;
    elf.copy(reinterpret_cast<char*>(&segment), sizeof segment, at);
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

}  // namespace slipway::exec

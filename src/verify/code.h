// Files of machine code as facts: which format, for which machine. ELF files are read in full (elf.h); PE and Mach-O files,
// which Linux does not run, by their headers only.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "verify/bytes.h"
#include "verify/elf.h"

namespace slipway::verify {

enum class Format : uint8_t { Elf, Pe, MachO };

struct Code {
  std::string path;  // in its layer, or the member of an archive
  uint64_t size = 0;
  Format format = Format::Elf;
  Elf elf;                            // of Format::Elf
  std::vector<std::string> machines;  // of the others: "amd64", "arm64" ...; a Mach-O file may have several
  std::string head;                   // hash of the first bytes: with the size, what tells one file from another
  bool operator==(const Code&) const = default;
};

/// How many of a file's first bytes may_be_code() wants to see.
inline constexpr size_t kMagicBytes = 8;
bool may_be_code(std::span<const uint8_t> head);

/// What `file` is, if it is machine code in one of the formats; `path` and `size` are filled in.
std::optional<Code> read_code(const std::string& path, const Bytes& file);

/// "amd64", "386", "arm64", "riscv64 (soft float)" ...: the machine of an ELF file for people, as platforms call it.
std::string machine_name(const Elf& elf);
/// What the file is, as a phrase: "a Windows program for amd64", "an ELF library for arm64".
std::string describe(const Code& code);

}  // namespace slipway::verify

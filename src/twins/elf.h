// The few things done to copies of this machine's programs and libraries so that they run in a root file system of
// another architecture: their loader and libraries are found in a place of our own, and, where a rule says so, a word that
// names the architecture is another one. Everything happens in place: no byte moves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::twins {

/// Where the step sees the twin's loader and library directory. The second is as long as "/lib/x86_64-linux-gnu": one of
/// them takes the place of the other.
constexpr char kLoaderPlace[] = "/dev/.slipway/ld.so";
constexpr char kLibraryPlace[] = "/dev/.slipway/twinlib";

/// The names of this machine, as Debian and its relatives have them.
struct Host {
  std::string arch;     // "amd64", of packages
  std::string loader;   // "/lib64/ld-linux-x86-64.so.2"
  std::string triplet;  // "x86_64-linux-gnu"
  uint16_t elf_machine = 0;
};
/// nullptr on machines that have no row.
const Host* this_host();
/// The triplet of packages of `arch` ("arm64"), as library directories are called; empty if it is not known.
std::string triplet_of(std::string_view arch);

struct ElfFacts {
  bool is_program_of_host = false;  // also of a library
  std::string interpreter;          // empty: static, or a library
  std::vector<std::string> needed;  // DT_NEEDED
};
/// nullopt for what is no ELF file, or damaged.
std::optional<ElfFacts> read_elf(std::string_view bytes, const Host& host);

/// Puts our places in the place of the host's usual ones. False if the file names another loader than the host's.
bool move_places(std::string& bytes, const Host& host);

/// Replaces the host's name of the architecture where it stands as a word in data, or (`in_code`) as the immediate operand
/// that compilers make of a short string. Returns how many there were; nullopt, with nothing changed, if it cannot be done
/// in place.
std::optional<int> force_architecture(std::string& bytes, const Host& host, std::string_view arch, bool in_code);

}  // namespace slipway::twins

// ELF files as bytes; layouts are those of elf(5), offsets are checked before each use.
#include "twins/elf.h"

#include <elf.h>

#include <algorithm>
#include <cctype>
#include <cstring>

namespace slipway::twins {
namespace {

template <typename T>
bool read_at(std::string_view bytes, uint64_t at, T& out) {
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return false;
  std::memcpy(&out, bytes.data() + at, sizeof(T));
  return true;
}

std::string string_at(std::string_view bytes, uint64_t at) {
  if (at >= bytes.size()) return {};
  const size_t end = bytes.find('\0', at);
  return end == bytes.npos ? std::string() : std::string(bytes.substr(at, end - at));
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.' || c == '/'; }

/// Replaces `from` wherever it begins a path by `to`, filled up with slashes, which mean nothing in a path.
void replace_paths(std::string& bytes, std::string_view from, std::string to) {
  to.resize(from.size(), '/');
  for (size_t at = bytes.find(from); at != bytes.npos; at = bytes.find(from, at + 1)) {
    const bool begins = at == 0 || !is_word(bytes[at - 1]);
    const size_t end = at + from.size();
    const bool ends = end >= bytes.size() || bytes[end] == '/' || !is_word(bytes[end]);
    if (begins && ends) bytes.replace(at, from.size(), to);
  }
}

}  // namespace

const Host* this_host() {
#if defined(__x86_64__)
  static const Host host{"amd64", "/lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu", EM_X86_64};
  return &host;
#elif defined(__aarch64__)
  static const Host host{"arm64", "/lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu", EM_AARCH64};
  return &host;
#else
  return nullptr;
#endif
}

std::string triplet_of(std::string_view arch) {
  if (arch == "amd64") return "x86_64-linux-gnu";
  if (arch == "arm64") return "aarch64-linux-gnu";
  if (arch == "arm") return "arm-linux-gnueabihf";
  if (arch == "386") return "i386-linux-gnu";
  if (arch == "riscv64") return "riscv64-linux-gnu";
  if (arch == "ppc64le") return "powerpc64le-linux-gnu";
  if (arch == "s390x") return "s390x-linux-gnu";
  return {};
}

std::optional<ElfFacts> read_elf(std::string_view bytes, const Host& host) {
  Elf64_Ehdr header;
  if (!bytes.starts_with(ELFMAG) || !read_at(bytes, 0, header)) return std::nullopt;
  ElfFacts facts;
  facts.is_program_of_host = header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
                             header.e_machine == host.elf_machine;
  if (!facts.is_program_of_host) return facts;
  std::vector<Elf64_Phdr> segments;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!read_at(bytes, header.e_phoff + i * header.e_phentsize, segment)) return std::nullopt;
    segments.push_back(segment);
  }
  const auto offset_of = [&](uint64_t address) -> uint64_t {
    for (const auto& segment : segments)
      if (segment.p_type == PT_LOAD && address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
        return segment.p_offset + (address - segment.p_vaddr);
    return bytes.size();
  };
  for (const auto& segment : segments) {
    if (segment.p_type == PT_INTERP) facts.interpreter = string_at(bytes, segment.p_offset);
    if (segment.p_type != PT_DYNAMIC) continue;
    std::vector<uint64_t> names;
    uint64_t strings = bytes.size();
    for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= segment.p_filesz; at += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry;
      if (!read_at(bytes, segment.p_offset + at, entry)) return std::nullopt;
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED) names.push_back(entry.d_un.d_val);
      if (entry.d_tag == DT_STRTAB) strings = offset_of(entry.d_un.d_ptr);
    }
    for (const uint64_t name : names) facts.needed.push_back(string_at(bytes, strings + name));
  }
  return facts;
}

bool move_places(std::string& bytes, const Host& host) {
  const auto facts = read_elf(bytes, host);
  if (!facts || !facts->is_program_of_host) return false;
  if (!facts->interpreter.empty()) {
    if (facts->interpreter != host.loader) return false;
    std::string place = kLoaderPlace;
    if (place.size() > host.loader.size()) return false;
    place.resize(host.loader.size(), '\0');
    const size_t at = bytes.find(host.loader + '\0');
    if (at == bytes.npos) return false;
    bytes.replace(at, place.size(), place);
  }
  replace_paths(bytes, "/usr/lib/" + host.triplet, kLibraryPlace);
  replace_paths(bytes, "/lib/" + host.triplet, kLibraryPlace);
  return true;
}

std::optional<int> force_architecture(std::string& bytes, const Host& host, std::string_view arch, bool in_code) {
  const std::string& own = host.arch;
  if (arch.size() != own.size() || own.size() != 5) return std::nullopt;
  int count = 0;
  std::string changed = bytes;
  for (size_t at = bytes.find(own); at != bytes.npos; at = bytes.find(own, at + 1)) {
    const size_t end = at + own.size();
    if ((at > 0 && is_word(bytes[at - 1])) || (end < bytes.size() && is_word(bytes[end]))) continue;
    changed.replace(at, own.size(), arch);
    ++count;
  }
  if (in_code) {
    // A compiler stores the first four characters at once and the fifth after them; which is alike for the pairs that have
    // been looked at, so that only the four change.
    if (own[4] != arch[4]) return std::nullopt;
    const std::string_view four = std::string_view(own).substr(0, 4);
    int operands = 0;
    for (size_t at = bytes.find(four); at != bytes.npos; at = bytes.find(four, at + 1)) {
      if (at + 4 < bytes.size() && bytes[at + 4] == own[4]) continue;  // text
      const std::string_view after = std::string_view(bytes).substr(at + 4, 24);
      if (after.find(own[4]) == after.npos) return std::nullopt;
      changed.replace(at, 4, arch.substr(0, 4));
      ++operands;
    }
    // Another number than the one that is known means another program than the one that was looked at.
    if (operands != 1) return std::nullopt;
    count += operands;
  }
  bytes = std::move(changed);
  return count;
}

}  // namespace slipway::twins

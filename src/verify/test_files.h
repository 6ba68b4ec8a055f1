// For the tests of this room: ELF files and zip archives written field by field, and images made of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tree/tree.h"
#include "verify/collect.h"
#include "verify/elf.h"
#include "verify/image.h"

namespace slipway::verify::testing {

struct ElfFile {
  uint16_t machine = kMachineAmd64;
  int bits = 64;
  bool big_endian = false;
  uint16_t type = 3;
  uint32_t flags = 0;
  uint8_t os_abi = 0;
  std::string interpreter;
  std::vector<std::string> needed;
  std::string soname, rpath, runpath;
  uint32_t x86_isa = 0, arm64_features = 0;
  bool is_pie = false;
  int arm_cpu = -1;  // value of Tag_CPU_arch; -1: no attributes
};

/// The file's bytes: headers, one segment for everything, then what the fields ask for.
inline std::string elf_bytes(const ElfFile& f) {
  const bool is_64 = f.bits == 64;
  const size_t width = is_64 ? 8 : 4;
  const auto number = [&](uint64_t value, size_t size) {
    std::string out;
    for (size_t i = 0; i < size; ++i) {
      const size_t shift = 8 * (f.big_endian ? size - 1 - i : i);
      out += static_cast<char>(value >> shift);
    }
    return out;
  };
  const auto address = [&](uint64_t value) { return number(value, width); };

  std::string notes;
  const auto property = [&](uint32_t type, uint32_t value) {
    if (!value) return;
    std::string data = number(type, 4) + number(4, 4) + number(value, 4);
    if (is_64) data += std::string(4, '\0');
    notes += number(4, 4) + number(data.size(), 4) + number(5, 4) + std::string("GNU\0", 4) + data;
  };
  property(0xc0008002, f.x86_isa);
  property(0xc0000000, f.arm64_features);

  std::string text(1, '\0');  // the dynamic section's strings
  const auto string_at = [&](const std::string& value) {
    const size_t at = text.size();
    text += value + std::string(1, '\0');
    return at;
  };
  std::vector<std::pair<uint64_t, uint64_t>> tags;
  for (const auto& name : f.needed) tags.emplace_back(1, string_at(name));
  if (!f.soname.empty()) tags.emplace_back(14, string_at(f.soname));
  if (!f.rpath.empty()) tags.emplace_back(15, string_at(f.rpath));
  if (!f.runpath.empty()) tags.emplace_back(29, string_at(f.runpath));
  if (f.is_pie) tags.emplace_back(0x6ffffffb, 0x08000000);

  struct Part {
    uint32_t type;
    std::string bytes;
    uint64_t at = 0;
  };
  std::vector<Part> parts;
  if (!f.interpreter.empty()) parts.push_back({3, f.interpreter + std::string(1, '\0')});
  if (!notes.empty()) parts.push_back({4, notes});
  if (!tags.empty()) parts.push_back({2, std::string((tags.size() + 3) * 2 * width, '\0')});

  const size_t head_size = is_64 ? 64 : 52, entry_size = is_64 ? 56 : 32;
  uint64_t end = head_size + entry_size * (parts.size() + 1);
  for (auto& part : parts) {
    part.at = end;
    end += part.bytes.size();
  }
  const uint64_t text_at = end;
  end += text.size();
  if (!tags.empty()) {
    std::string dynamic;
    for (const auto& [tag, value] : tags) dynamic += address(tag) + address(value);
    dynamic += address(5) + address(text_at) + address(10) + address(text.size()) + address(0) + address(0);
    parts.back().bytes = dynamic;
  }
  std::string attributes, sections;
  if (f.arm_cpu >= 0) {
    const std::string tag = std::string(1, 6) + static_cast<char>(f.arm_cpu);
    const std::string file = std::string(1, 1) + number(5 + 4 + tag.size(), 4) + std::string("\x05\x37\x2d\0", 4) + tag;
    const std::string vendor("aeabi\0", 6);
    attributes = "A" + number(4 + vendor.size() + file.size(), 4) + vendor + file;
    sections = std::string(40, '\0') + number(0, 4) + number(0x70000003, 4) + std::string(8, '\0') + number(end, 4) +
               number(attributes.size(), 4) + std::string(16, '\0');
  }
  const uint64_t sections_at = end + attributes.size();

  std::string out = "\x7f" "ELF";
  out += static_cast<char>(is_64 ? 2 : 1);
  out += static_cast<char>(f.big_endian ? 2 : 1);
  out += '\x01';
  out += static_cast<char>(f.os_abi);
  out += std::string(8, '\0');
  out += number(f.type, 2) + number(f.machine, 2) + number(1, 4) + address(0) + address(head_size);
  out += address(sections.empty() ? 0 : sections_at) + number(f.flags, 4) + number(head_size, 2) + number(entry_size, 2);
  out += number(parts.size() + 1, 2) + number(sections.empty() ? 0 : 40, 2) + number(sections.size() / 40, 2) + number(0, 2);
  const auto segment = [&](uint32_t type, uint64_t at, uint64_t size) {
    out += number(type, 4);
    if (is_64) out += number(4, 4);
    out += address(at) + address(at) + address(at) + address(size) + address(size);
    if (!is_64) out += number(4, 4);
    out += address(4);
  };
  segment(1, 0, sections_at + sections.size());
  for (const auto& part : parts) segment(part.type, part.at, part.bytes.size());
  for (const auto& part : parts) out += part.bytes;
  return out + text + attributes + sections;
}

/// A static program.
inline std::string program_for(uint16_t machine, int bits = 64, bool big_endian = false) {
  return elf_bytes({.machine = machine, .bits = bits, .big_endian = big_endian, .type = 2});
}
inline std::string library_for(uint16_t machine, std::string soname = "lib.so") {
  return elf_bytes({.machine = machine, .soname = std::move(soname)});
}

/// A zip archive of stored members. `comment` stands behind its end.
inline std::string zip_bytes(const std::vector<std::pair<std::string, std::string>>& members, const std::string& comment = "") {
  const auto number = [](uint64_t value, size_t size) {
    std::string out;
    for (size_t i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
  };
  std::string out, directory;
  for (const auto& [name, bytes] : members) {
    const std::string sizes = number(0, 4) + number(bytes.size(), 4) + number(bytes.size(), 4);
    directory += number(0x02014b50, 4) + number(20, 2) + number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) + sizes +
                 number(name.size(), 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 2) + number(0, 4) +
                 number(out.size(), 4) + name;
    out += number(0x04034b50, 4) + number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) + sizes + number(name.size(), 2) +
           number(0, 2) + name + bytes;
  }
  const size_t at = out.size();
  out += directory;
  return out + number(0x06054b50, 4) + number(0, 4) + number(members.size(), 2) + number(members.size(), 2) +
         number(directory.size(), 4) + number(at, 4) + number(comment.size(), 2) + comment;
}

inline tree::Entry file(std::string path, std::string bytes, uint32_t mode = 0755) {
  tree::Entry made;
  made.path = std::move(path);
  made.type = tree::Type::File;
  made.mode = mode;
  made.size = bytes.size();
  made.content.bytes = std::move(bytes);
  return made;
}
inline tree::Entry special(std::string path, tree::Type type, std::string link = "") {
  tree::Entry made;
  made.path = std::move(path);
  made.type = type;
  made.mode = 0755;
  made.link = std::move(link);
  return made;
}
inline tree::Entry symlink(std::string path, std::string to) { return special(std::move(path), tree::Type::Symlink, std::move(to)); }
inline tree::Entry hardlink(std::string path, std::string to) { return special(std::move(path), tree::Type::Hardlink, std::move(to)); }
inline tree::Entry gone(std::string path) { return special(std::move(path), tree::Type::Whiteout); }

inline Layer layer(std::vector<tree::Entry> entries) {
  auto tree = std::make_shared<const tree::Tree>(std::move(entries));
  return {.tree = tree, .facts = std::make_shared<const Facts>(collect(*tree, {}))};
}

/// An image of `platform` that starts `words`.
inline Image image_of(const std::string& platform, std::vector<Layer> layers, std::vector<std::string> words = {}) {
  Image out{.platform = oci::parse_platform(platform), .layers = std::move(layers)};
  out.config.platform = out.platform;
  if (!words.empty()) out.config.entrypoint = std::move(words);
  return out;
}

}  // namespace slipway::verify::testing

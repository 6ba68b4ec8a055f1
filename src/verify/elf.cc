#include "verify/elf.h"

#include <algorithm>
#include <array>

namespace slipway::verify {
namespace {

constexpr uint32_t kLoad = 1, kDynamic = 2, kInterp = 3, kNote = 4, kGnuProperty = 0x6474e553;
constexpr uint32_t kSectionArmAttributes = 0x70000003;
constexpr size_t kMostSegments = 512, kMostSections = 4096, kMostDynamic = 1 << 20, kMostText = 4096, kMostNotes = 1 << 16;

struct Segment {
  uint32_t type = 0;
  uint64_t offset = 0, address = 0, size = 0;  // size in the file
};

// Numbers at their offsets, of the file's own width and byte order. Reading past the end sets `is_cut` and gives 0.
class Reader {
 public:
  Reader(const Bytes& file, bool is_64, bool big_endian) : file_(file), is_64_(is_64), big_endian_(big_endian) {}

  uint64_t number(uint64_t offset, size_t width) {
    std::array<uint8_t, 8> raw{};
    if (file_.read(offset, std::span(raw).first(width)) < width) {
      is_cut = true;
      return 0;
    }
    return decode(raw.data(), width);
  }
  uint64_t decode(const uint8_t* at, size_t width) const {
    uint64_t out = 0;
    for (size_t i = 0; i < width; ++i) out = out << 8 | at[big_endian_ ? i : width - 1 - i];
    return out;
  }
  uint16_t half(uint64_t offset) { return static_cast<uint16_t>(number(offset, 2)); }
  uint32_t word(uint64_t offset) { return static_cast<uint32_t>(number(offset, 4)); }
  uint64_t address(uint64_t offset) { return number(offset, width()); }
  size_t width() const { return is_64_ ? 8 : 4; }
  bool is_64() const { return is_64_; }

  std::vector<uint8_t> block(uint64_t offset, uint64_t size, size_t most) {
    std::vector<uint8_t> out(std::min<uint64_t>(size, most));
    out.resize(file_.read(offset, out));
    is_cut |= out.size() < size;
    return out;
  }

  /// Up to a zero byte; empty if there is none within `most` bytes.
  std::string text(uint64_t offset, uint64_t most) {
    const auto bytes = block_quietly(offset, std::min<uint64_t>(most, kMostText));
    const auto end = std::ranges::find(bytes, uint8_t{0});
    if (end == bytes.end()) {
      is_cut = true;
      return {};
    }
    return {bytes.begin(), end};
  }

  bool is_cut = false;

 private:
  std::vector<uint8_t> block_quietly(uint64_t offset, uint64_t size) const {
    std::vector<uint8_t> out(size);
    out.resize(file_.read(offset, out));
    return out;
  }

  const Bytes& file_;
  const bool is_64_, big_endian_;
};

std::vector<Segment> read_segments(Reader& in) {
  const bool is_64 = in.is_64();
  const uint64_t table = in.address(is_64 ? 32 : 28);
  const size_t size = in.half(is_64 ? 54 : 42), count = in.half(is_64 ? 56 : 44);
  std::vector<Segment> out;
  if (size < (is_64 ? 56u : 32u)) return out;
  for (size_t i = 0; i < std::min(count, kMostSegments); ++i) {
    const uint64_t at = table + i * size;
    if (at < table) break;
    Segment segment;
    segment.type = in.word(at);
    segment.offset = in.address(at + (is_64 ? 8 : 4));
    segment.address = in.address(at + (is_64 ? 16 : 8));
    segment.size = in.address(at + (is_64 ? 32 : 16));
    if (in.is_cut) break;
    out.push_back(segment);
  }
  return out;
}

/// Where in the file the byte lies that is loaded at `address`.
std::optional<uint64_t> offset_of(const std::vector<Segment>& segments, uint64_t address) {
  for (const auto& segment : segments)
    if (segment.type == kLoad && address >= segment.address && address - segment.address < segment.size)
      return segment.offset + (address - segment.address);
  return std::nullopt;
}

void read_dynamic(Reader& in, const std::vector<Segment>& segments, const Segment& where, Elf& elf) {
  elf.is_dynamic = true;
  const auto bytes = in.block(where.offset, where.size, kMostDynamic);
  std::vector<uint64_t> needed;
  std::optional<uint64_t> soname, rpath, runpath, table;
  uint64_t table_size = 0;
  const size_t width = in.width();
  for (size_t at = 0; at + 2 * width <= bytes.size(); at += 2 * width) {
    const uint64_t tag = in.decode(&bytes[at], width), value = in.decode(&bytes[at + width], width);
    if (tag == 0) break;
    if (tag == 1 && needed.size() < 4096) needed.push_back(value);
    if (tag == 5) table = offset_of(segments, value);
    if (tag == 10) table_size = value;
    if (tag == 14) soname = value;
    if (tag == 15) rpath = value;
    if (tag == 29) runpath = value;
    if (tag == 0x6ffffffb) elf.is_pie = value & 0x08000000;
  }
  const auto text = [&](uint64_t at) -> std::string {
    if (!table || at >= table_size) {
      in.is_cut = true;
      return {};
    }
    return in.text(*table + at, table_size - at);
  };
  for (const uint64_t at : needed)
    if (auto name = text(at); !name.empty()) elf.needed.push_back(std::move(name));
  if (soname) elf.soname = text(*soname);
  if (rpath) elf.rpath = text(*rpath);
  if (runpath) elf.runpath = text(*runpath);
}

void read_properties(const Reader& in, std::span<const uint8_t> bytes, Elf& elf) {
  const size_t step = in.width();
  for (size_t at = 0; at + 8 <= bytes.size();) {
    const uint64_t type = in.decode(&bytes[at], 4), size = in.decode(&bytes[at + 4], 4);
    if (size > bytes.size() - at - 8) return;
    const auto value = [&] { return size >= 4 ? static_cast<uint32_t>(in.decode(&bytes[at + 8], 4)) : 0; };
    if (type == 0xc0008002 && (elf.machine == kMachineAmd64 || elf.machine == kMachine386)) elf.x86_isa |= value();
    if (type == 0xc0000002 && (elf.machine == kMachineAmd64 || elf.machine == kMachine386)) elf.features |= value();
    if (type == 0xc0000000 && elf.machine == kMachineArm64) elf.features |= value();
    at += 8 + (size + step - 1) / step * step;
  }
}

// Notes: lengths of name and description, type, name, description, each padded to 4 bytes (descriptions of GNU properties
// are padded to the width of an address, which their length already is a multiple of).
void read_notes(Reader& in, const Segment& where, Elf& elf) {
  const auto bytes = in.block(where.offset, where.size, kMostNotes);
  for (size_t at = 0; at + 12 <= bytes.size();) {
    const uint64_t name = in.decode(&bytes[at], 4), size = in.decode(&bytes[at + 4], 4), type = in.decode(&bytes[at + 8], 4);
    const uint64_t begin = at + 12 + (name + 3) / 4 * 4;
    if (name > bytes.size() || size > bytes.size() || begin + size > bytes.size()) return;
    if (type == 5 && name == 4 && std::equal(&bytes[at + 12], &bytes[at + 16], "GNU"))
      read_properties(in, std::span(bytes).subspan(begin, size), elf);
    at = begin + (size + 3) / 4 * 4;
  }
}

// ARM IHI 0045, "Tag_CPU_arch": what version of the architecture each value stands for.
constexpr std::array<uint8_t, 23> kArmVersions = {3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 6, 6, 7, 8, 8, 8, 8, 8, 8, 8, 8, 9};

/// A number of 7 bits a byte, low ones first; moves `at`. 0 past the end.
uint64_t uleb(std::span<const uint8_t> bytes, size_t& at) {
  uint64_t out = 0;
  for (unsigned shift = 0; at < bytes.size() && shift < 64; shift += 7) {
    const uint8_t byte = bytes[at++];
    out |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return out;
}

/// Tag_CPU_arch of the "aeabi" attributes of the whole file.
uint8_t arm_version(const Reader& in, std::span<const uint8_t> bytes) {
  constexpr std::string_view kVendor{"aeabi\0", 6};
  // "A", length, vendor, then: which part (1 = the whole file), its length, tags and values.
  const size_t begin = 1 + 4 + kVendor.size();
  if (bytes.size() < begin + 5 || bytes[0] != 'A' || !std::equal(kVendor.begin(), kVendor.end(), &bytes[5])) return 0;
  if (bytes[begin] != 1) return 0;
  const uint64_t size = in.decode(&bytes[begin + 1], 4);
  const auto tags = bytes.subspan(begin, std::min<uint64_t>(size, bytes.size() - begin));
  for (size_t at = 5; at < tags.size();) {
    const uint64_t tag = uleb(tags, at);
    const bool is_text = tag == 4 || tag == 5 || (tag > 32 && tag % 2 == 1);
    if (tag == 32) uleb(tags, at);
    if (is_text || tag == 32) {
      while (at < tags.size() && tags[at] != 0) ++at;
      ++at;
      continue;
    }
    const uint64_t value = uleb(tags, at);
    if (tag == 6) return value < kArmVersions.size() ? kArmVersions[value] : 0;
  }
  return 0;
}

void read_arm_attributes(Reader& in, Elf& elf) {
  const uint64_t table = in.word(32);
  const size_t size = in.half(46), count = in.half(48);
  if (table == 0 || size < 40) return;
  for (size_t i = 0; i < std::min(count, kMostSections); ++i) {
    const uint64_t at = table + i * size;
    if (in.word(at + 4) != kSectionArmAttributes) {
      if (in.is_cut) return;
      continue;
    }
    elf.arm_version = arm_version(in, in.block(in.word(at + 16), in.word(at + 20), kMostText));
    return;
  }
}

}  // namespace

std::optional<Elf> read_elf(const Bytes& file) {
  std::array<uint8_t, 52> head{};
  if (file.read(0, head) < head.size()) return std::nullopt;
  if (head[0] != 0x7f || head[1] != 'E' || head[2] != 'L' || head[3] != 'F') return std::nullopt;
  if ((head[4] != 1 && head[4] != 2) || (head[5] != 1 && head[5] != 2)) return std::nullopt;
  Elf elf;
  elf.bits = head[4] == 2 ? 64 : 32;
  elf.big_endian = head[5] == 2;
  elf.os_abi = head[7];
  Reader in(file, elf.bits == 64, elf.big_endian);
  elf.type = in.half(16);
  elf.machine = in.half(18);
  elf.flags = in.word(elf.bits == 64 ? 48 : 36);
  if (in.is_cut) return std::nullopt;
  const auto segments = read_segments(in);
  for (const auto& segment : segments) {
    if (segment.type == kInterp && elf.interpreter.empty()) elf.interpreter = in.text(segment.offset, segment.size);
    if (segment.type == kDynamic && !elf.is_dynamic) read_dynamic(in, segments, segment, elf);
    if (segment.type == kNote || segment.type == kGnuProperty) read_notes(in, segment, elf);
  }
  if (elf.machine == kMachineArm && elf.bits == 32) read_arm_attributes(in, elf);
  elf.is_cut = in.is_cut;
  return elf;
}

}  // namespace slipway::verify

// Go programs name the modules that they were built from.
//
// The linker puts a record into the data of the program: 16 bytes aligned, "\xff Go buildinf:", the
// pointer size, a flags byte, and for Go 1.18 and later (flag 2) at byte 32 two strings with their
// lengths before them: the version of Go and the text of `go version -m`, 16 bytes of markers
// around it. The record is looked for in every segment that is not code; the program header says
// where those are, at the front of the file, so one pass forward is enough.
#include <algorithm>
#include <array>
#include <cstring>

#include "attest/package_databases.h"
#include "attest/purl.h"
#include "base/text.h"

namespace slipway::attest {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr size_t kAlign = 16, kHeader = 32, kMarker = 16;
constexpr size_t kWindow = 256 * 1024;
constexpr uint64_t kMaxText = 16 << 20;

struct Segment {
  uint64_t offset = 0, size = 0;
};

/// Numbers of an ELF file of either width and byte order.
class Elf {
 public:
  /// The first bytes of a file.
  explicit Elf(std::string_view head) : head_(head) {
    is_elf_ = head.size() >= 64 && head.starts_with("\177ELF") && (head[4] == 1 || head[4] == 2) &&
              (head[5] == 1 || head[5] == 2);
    is_64_ = is_elf_ && head[4] == 2;
    is_big_ = is_elf_ && head[5] == 2;
  }
  explicit operator bool() const { return is_elf_; }

  uint64_t table() const { return is_64_ ? number(head_, 32, 8) : number(head_, 28, 4); }
  uint64_t entry_size() const { return number(head_, is_64_ ? 54 : 42, 2); }
  uint64_t count() const { return number(head_, is_64_ ? 56 : 44, 2); }
  size_t least_entry() const { return is_64_ ? 56 : 32; }

  /// A loaded segment without code, from its entry in the program header.
  std::optional<Segment> data_segment(std::string_view entry) const {
    constexpr uint64_t kLoad = 1, kExecutable = 1;
    if (number(entry, 0, 4) != kLoad || (number(entry, is_64_ ? 4 : 24, 4) & kExecutable))
      return std::nullopt;
    if (is_64_) return Segment{number(entry, 8, 8), number(entry, 32, 8)};
    return Segment{number(entry, 4, 4), number(entry, 16, 4)};
  }

 private:
  uint64_t number(std::string_view bytes, size_t at, size_t size) const {
    uint64_t out = 0;
    for (size_t i = 0; i < size; ++i)
      out = out << 8 | static_cast<uint8_t>(bytes[at + (is_big_ ? i : size - 1 - i)]);
    return out;
  }

  std::string_view head_;
  bool is_elf_ = false, is_64_ = false, is_big_ = false;
};

std::string read_at(FileBytes& file, uint64_t offset, size_t size) {
  std::string out(size, '\0');
  out.resize(file.read(offset, std::span(reinterpret_cast<uint8_t*>(out.data()), size)));
  return out;
}

/// Text that is read on as far as it is asked for.
class Growing {
 public:
  Growing(FileBytes& file, std::string begin, uint64_t offset)
      : file_(file), text_(std::move(begin)), end_(offset + text_.size()) {}
  bool has(size_t size) {
    while (text_.size() < size) {
      const std::string more = read_at(file_, end_, std::max<size_t>(size - text_.size(), 4096));
      if (more.empty()) return false;
      end_ += more.size();
      text_ += more;
      has_grown_ = true;
    }
    return true;
  }
  /// A string with its length before it (Go's unsigned varint); moves `at` behind it.
  std::optional<std::string> string(size_t& at) {
    uint64_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (shift > 28 || !has(at + 1)) return std::nullopt;
      const uint8_t byte = static_cast<uint8_t>(text_[at++]);
      size |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    if (size > kMaxText || !has(at + size)) return std::nullopt;
    const std::string out = text_.substr(at, size);
    at += size;
    return out;
  }
  char at(size_t i) const { return text_[i]; }
  bool has_grown() const { return has_grown_; }

 private:
  FileBytes& file_;
  std::string text_;
  uint64_t end_;
  bool has_grown_ = false;
};

struct BuildInfo {
  std::string go, modules;
};

std::optional<BuildInfo> parse_record(Growing& bytes) {
  constexpr char kInlineStrings = 2;
  if (!bytes.has(kHeader) || !(bytes.at(15) & kInlineStrings)) return std::nullopt;
  size_t at = kHeader;
  auto go = bytes.string(at);
  if (!go || !(go->starts_with("go") || go->starts_with("devel "))) return std::nullopt;
  auto modules = bytes.string(at);
  if (!modules) return std::nullopt;
  if (modules->size() >= 2 * kMarker)
    *modules = modules->substr(kMarker, modules->size() - 2 * kMarker);
  else
    modules->clear();
  return BuildInfo{std::move(*go), std::move(*modules)};
}

/// `can_go_on`: false once bytes behind the segment may have been read, which cannot be read again.
std::optional<BuildInfo> find_record(FileBytes& file, const Segment& segment, bool& can_go_on) {
  const uint64_t end = std::min(segment.offset + segment.size, file.size());
  // Segments are aligned to more than the record is, so its place in the file is aligned as its
  // address.
  for (uint64_t offset = segment.offset; offset < end;) {
    const std::string window = read_at(file, offset, std::min<uint64_t>(kWindow, end - offset));
    if (window.empty()) return std::nullopt;
    for (size_t at = window.find(kMagic); at != window.npos; at = window.find(kMagic, at + 1)) {
      if ((offset + at) % kAlign != 0) continue;
      Growing rest(file, window.substr(at), offset + at);
      if (auto info = parse_record(rest)) return info;
      // A program that knows the magic itself.
      if (rest.has_grown()) {
        can_go_on = false;
        return std::nullopt;
      }
    }
    offset += window.size();
  }
  return std::nullopt;
}

Package module_package(const std::string& module, const std::string& version,
                       const std::string& path) {
  Package out{.type = "golang", .name = module, .version = version == "(devel)" ? "" : version};
  if (const size_t slash = module.rfind('/'); slash != module.npos) {
    out.space = module.substr(0, slash);
    out.name = module.substr(slash + 1);
  }
  out.found_in = {path};
  return out;
}

}  // namespace

std::vector<Package> read_go_binary(FileBytes& file, const std::string& path) {
  const std::string head = read_at(file, 0, 64);
  const Elf elf(head);
  if (!elf || elf.entry_size() < elf.least_entry() || elf.count() > 256 ||
      elf.table() < head.size())
    return {};
  const std::string table = read_at(file, elf.table(), elf.entry_size() * elf.count());
  std::vector<Segment> segments;
  uint64_t behind = elf.table() + table.size();
  for (size_t i = 0; i + elf.entry_size() <= table.size(); i += elf.entry_size())
    if (auto segment = elf.data_segment(std::string_view(table).substr(i, elf.entry_size())))
      segments.push_back(*segment);
  std::ranges::sort(segments, {}, &Segment::offset);

  std::optional<BuildInfo> info;
  for (Segment segment : segments) {
    if (segment.offset > file.size() || segment.size > file.size() - segment.offset) return {};
    // The first segment often begins with the headers, which are read already.
    if (segment.offset < behind) {
      const uint64_t skip = (behind - segment.offset + kAlign - 1) / kAlign * kAlign;
      if (skip >= segment.size) continue;
      segment.offset += skip;
      segment.size -= skip;
    }
    bool can_go_on = true;
    info = find_record(file, segment, can_go_on);
    if (info || !can_go_on) break;
    behind = segment.offset + segment.size;
  }
  if (!info) return {};

  std::vector<Package> out;
  std::optional<Package> main;
  for (const auto& line : split(info->modules, '\n')) {
    const auto words = split(line, '\t');
    if (words.size() < 3) continue;
    if (words[0] == "mod")
      main = module_package(words[1], words[2], path);
    else if (words[0] == "dep")
      out.push_back(module_package(words[1], words[2], path));
    else if (words[0] == "=>" && !out.empty())
      out.back() = module_package(words[1], words[2], path);
  }
  // "go1.22.1 X:boringcrypto"; development versions have no number.
  const std::string number =
      info->go.starts_with("go") ? info->go.substr(2, info->go.find(' ') - 2) : "";
  out.push_back(module_package("stdlib", number, path));
  out.back().license = "BSD-3-Clause";
  if (main) {
    for (const auto& part : out) main->parts.push_back(part.purl());
    out.insert(out.begin(), std::move(*main));
  }
  return out;
}

}  // namespace slipway::attest

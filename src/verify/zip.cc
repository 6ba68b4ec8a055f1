#include "verify/zip.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "compress/decode.h"

namespace slipway::verify {
namespace {

constexpr size_t kMostMembers = 200'000, kMostCode = 4096, kMostNested = 1000, kHeadBytes = 4096;
constexpr uint64_t kMostDirectory = 64 << 20;
constexpr int kMostDepth = 2;  // a jar in a jar in a zip

uint64_t little(std::span<const uint8_t> bytes, size_t at, size_t width) {
  uint64_t out = 0;
  for (size_t i = width; i-- > 0;) out = out << 8 | bytes[at + i];
  return out;
}

struct Member {
  std::string name;
  uint64_t method = 0, packed = 0, plain = 0, header = 0;  // sizes in bytes; where its local header is
};

struct Directory {
  uint64_t offset = 0, size = 0;
};

/// From the record at the archive's end, which a comment of up to 65535 bytes may follow.
std::optional<Directory> find_directory(const Bytes& archive) {
  constexpr size_t kEnd = 22, kLocator = 20;
  const uint64_t size = archive.size();
  if (size < kEnd) return std::nullopt;
  std::vector<uint8_t> tail(std::min<uint64_t>(size, kEnd + kLocator + 65535));
  const uint64_t tail_at = size - tail.size();
  if (archive.read(tail_at, tail) < tail.size()) return std::nullopt;
  for (size_t at = tail.size() - kEnd + 1; at-- > 0;) {
    if (little(tail, at, 4) != 0x06054b50 || at + kEnd + little(tail, at + 20, 2) > tail.size()) continue;
    Directory out{.offset = little(tail, at + 16, 4), .size = little(tail, at + 12, 4)};
    if (at >= kLocator && little(tail, at - kLocator, 4) == 0x07064b50) {
      std::array<uint8_t, 56> record{};
      const uint64_t where = little(tail, at - kLocator + 8, 8);
      if (archive.read(where, record) == record.size() && little(record, 0, 4) == 0x06064b50)
        out = {.offset = little(record, 48, 8), .size = little(record, 40, 8)};
    }
    return out;
  }
  return std::nullopt;
}

/// The sizes and the place that did not fit into 32 bits, in the order that APPNOTE 4.5.3 gives them.
void read_large(std::span<const uint8_t> extra, Member& member) {
  for (size_t at = 0; at + 4 <= extra.size();) {
    const uint64_t id = little(extra, at, 2), size = little(extra, at + 2, 2);
    at += 4;
    if (size > extra.size() - at) return;
    if (id == 1) {
      size_t value = at;
      for (uint64_t* field : {&member.plain, &member.packed, &member.header}) {
        if (*field != 0xffffffff || value + 8 > at + size) continue;
        *field = little(extra, value, 8);
        value += 8;
      }
    }
    at += size;
  }
}

std::vector<Member> read_directory(const Bytes& archive) {
  std::vector<Member> out;
  const auto where = find_directory(archive);
  if (!where || where->size > kMostDirectory) return out;
  std::vector<uint8_t> bytes(where->size);
  bytes.resize(archive.read(where->offset, bytes));
  for (size_t at = 0, count = 0; at + 46 <= bytes.size() && count < kMostMembers; ++count) {
    if (little(bytes, at, 4) != 0x02014b50) break;
    const uint64_t name = little(bytes, at + 28, 2), extra = little(bytes, at + 30, 2), comment = little(bytes, at + 32, 2);
    if (46 + name + extra + comment > bytes.size() - at) break;
    Member member;
    member.method = little(bytes, at + 10, 2);
    member.packed = little(bytes, at + 20, 4);
    member.plain = little(bytes, at + 24, 4);
    member.header = little(bytes, at + 42, 4);
    member.name.assign(bytes.begin() + static_cast<ptrdiff_t>(at + 46), bytes.begin() + static_cast<ptrdiff_t>(at + 46 + name));
    read_large(std::span(bytes).subspan(at + 46 + name, extra), member);
    out.push_back(std::move(member));
    at += 46 + name + extra + comment;
  }
  return out;
}

bool is_code_name(std::string_view name) {
  for (const std::string_view end : {".so", ".node", ".dll", ".dylib", ".jnilib", ".exe"})
    if (name.ends_with(end)) return true;
  return name.contains(".so.");
}

/// Where the member's bytes begin: behind its local header, whose lengths may differ from the directory's.
std::optional<uint64_t> content_of(const Bytes& archive, const Member& member) {
  std::array<uint8_t, 30> header{};
  if (archive.read(member.header, header) < header.size() || little(header, 0, 4) != 0x04034b50) return std::nullopt;
  return member.header + header.size() + little(header, 26, 2) + little(header, 28, 2);
}

/// The first bytes of deflated ones. The decoder at hand wants them in a gzip wrapper; its end is never reached.
std::vector<uint8_t> inflated_head(const Bytes& packed) {
  static constexpr std::array<uint8_t, 10> kWrapper = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
  bool has_wrapper = false;
  uint64_t at = 0;
  std::vector<uint8_t> out(kHeadBytes);
  size_t have = 0;
  try {
    const auto decoder = compress::make_decoder(compress::Format::Gzip, [&](std::span<uint8_t> into) -> size_t {
      if (!has_wrapper) {
        has_wrapper = true;
        std::ranges::copy(kWrapper, into.begin());
        return kWrapper.size();
      }
      const size_t n = packed.read(at, into.first(std::min<size_t>(into.size(), 16384)));
      at += n;
      return n;
    });
    while (have < out.size()) {
      const size_t n = decoder->read(std::span(out).subspan(have));
      if (n == 0) break;
      have += n;
    }
  } catch (const Error&) {
    // Small members end before the wrapper's checksum; damaged ones give what they give.
  }
  out.resize(have);
  return out;
}

void collect(const Bytes& archive, const std::string& prefix, int depth, std::vector<Code>& out) {
  size_t nested = 0;
  for (const auto& member : read_directory(archive)) {
    if (out.size() >= kMostCode) return;
    const bool is_nested = depth < kMostDepth && member.method == 0 && is_archive_name(member.name) && ++nested <= kMostNested;
    if (!is_nested && !is_code_name(member.name)) continue;
    const auto begin = content_of(archive, member);
    if (!begin) continue;
    const PartBytes packed(archive, *begin, member.packed);
    const std::string name = prefix + member.name;
    if (is_nested) {
      collect(packed, name + "!", depth + 1, out);
      continue;
    }
    std::optional<Code> code;
    if (member.method == 0) {
      code = read_code(name, packed);
    } else if (member.method == 8) {
      const auto head = inflated_head(packed);
      code = read_code(name, MemoryBytes(head, member.plain));
    }
    if (code) out.push_back(std::move(*code));
  }
}

}  // namespace

bool is_archive_name(std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot == path.npos) return false;
  const std::string end = to_lower(path.substr(dot + 1));
  return end == "jar" || end == "war" || end == "ear" || end == "whl" || end == "egg" || end == "zip";
}

bool is_zip(std::span<const uint8_t> head) {
  return head.size() >= 4 && head[0] == 'P' && head[1] == 'K' &&
         ((head[2] == 3 && head[3] == 4) || (head[2] == 5 && head[3] == 6));
}

std::vector<Code> code_in_zip(const Bytes& archive) {
  std::vector<Code> out;
  collect(archive, "", 0, out);
  return out;
}

}  // namespace slipway::verify

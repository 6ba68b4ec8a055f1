// Trees as bytes for the store, and back (docs/formats/tree.md). Paths stand in order, so each one
// only says what differs from the one before it.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "tree/tree.h"

namespace slipway::tree {
namespace {

constexpr std::string_view kMagic = "SLWTREE\1";
constexpr size_t kSumBytes = 32;

// Bits of an entry's second byte. A field whose bit is off is not written.
enum Flags : uint8_t {
  kOpaque = 1,
  kLink = 2,
  kDevice = 4,
  kXattrs = 8,
  kDiskPath = 16,
  kBytes = 32,
  kDigest = 64
};

class Writer {
 public:
  void byte(uint8_t value) { out.push_back(static_cast<char>(value)); }
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<uint8_t>(value | 0x80));
    byte(static_cast<uint8_t>(value));
  }
  void text(std::string_view value) {
    number(value.size());
    out += value;
  }
  /// How many leading bytes are those of `previous`, then the rest.
  void text_after(std::string_view previous, std::string_view value) {
    const size_t limit = std::min(previous.size(), value.size());
    size_t shared = 0;
    while (shared < limit && previous[shared] == value[shared]) ++shared;
    number(shared);
    text(value.substr(shared));
  }
  std::string out;
};

class Reader {
 public:
  Reader(std::string_view bytes, std::string_view origin) : rest_(bytes), origin_(origin) {}

  [[noreturn]] void damaged(std::string_view how) const {
    throw Error(fmt::format("damaged tree record: {}", how), std::string(origin_),
                "remove the record; the next build makes it again");
  }
  std::string_view take(uint64_t count) {
    if (count > rest_.size()) damaged("it ends too early");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  uint8_t byte() { return static_cast<uint8_t>(take(1)[0]); }
  uint64_t number() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t next = byte();
      if (shift == 63 && next > 1) break;
      value |= uint64_t{next & 0x7fu} << shift;
      if (next < 0x80) return value;
    }
    damaged("a number is too large");
  }
  uint32_t number32() {
    const uint64_t value = number();
    if (value > UINT32_MAX) damaged("a number is too large");
    return static_cast<uint32_t>(value);
  }
  std::string text() { return std::string(take(number())); }
  std::string text_after(std::string_view previous) {
    const uint64_t shared = number();
    if (shared > previous.size()) damaged("a path refers to more than the one before it has");
    return std::string(previous.substr(0, shared)).append(take(number()));
  }
  size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_, origin_;
};

uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
int64_t unzigzag(uint64_t value) { return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1)); }

uint8_t flags_of(const Entry& entry) {
  return static_cast<uint8_t>(
      (entry.opaque ? kOpaque : 0) | (entry.link.empty() ? 0 : kLink) |
      (entry.device_major || entry.device_minor ? kDevice : 0) |
      (entry.xattrs.empty() ? 0 : kXattrs) | (entry.content.disk_path.empty() ? 0 : kDiskPath) |
      (entry.content.bytes.empty() ? 0 : kBytes) | (entry.content.digest ? kDigest : 0));
}

hash::Sha256Sum sum_of(std::string_view bytes) {
  hash::Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

std::string_view as_text(const hash::Sha256Sum& sum) {
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

}  // namespace

std::string serialize(const Tree& tree) {
  Writer writer;
  writer.out.reserve(64 + tree.entries().size() * 80);
  writer.out += kMagic;
  writer.number(tree.entries().size());
  std::string_view last_path, last_disk_path;
  for (const Entry& entry : tree.entries()) {
    const uint8_t flags = flags_of(entry);
    writer.text_after(last_path, entry.path);
    writer.byte(static_cast<uint8_t>(entry.type));
    writer.byte(flags);
    for (const uint64_t value :
         {uint64_t{entry.mode}, uint64_t{entry.uid}, uint64_t{entry.gid}, entry.size})
      writer.number(value);
    writer.number(zigzag(entry.mtime_ns));
    if (flags & kLink) writer.text(entry.link);
    if (flags & kDevice) {
      writer.number(entry.device_major);
      writer.number(entry.device_minor);
    }
    if (flags & kXattrs) {
      writer.number(entry.xattrs.size());
      for (const auto& [name, value] : entry.xattrs) {
        writer.text(name);
        writer.text(value);
      }
    }
    if (flags & kDiskPath) {
      writer.text_after(last_disk_path, entry.content.disk_path);
      last_disk_path = entry.content.disk_path;
    }
    if (flags & kBytes) writer.text(entry.content.bytes);
    if (flags & kDigest) writer.out += as_text(*entry.content.digest);
    last_path = entry.path;
  }
  writer.out += as_text(sum_of(writer.out));
  return std::move(writer.out);
}

Tree deserialize(std::string_view bytes, std::string_view origin) {
  Reader reader(bytes, origin);
  if (!bytes.starts_with(kMagic)) reader.damaged("it does not begin as one");
  if (bytes.size() < kMagic.size() + kSumBytes) reader.damaged("it ends too early");
  const std::string_view body = bytes.substr(0, bytes.size() - kSumBytes);
  if (as_text(sum_of(body)) != bytes.substr(body.size()))
    reader.damaged("its checksum does not match");

  reader = Reader(body.substr(kMagic.size()), origin);
  const uint64_t count = reader.number();
  std::vector<Entry> entries;
  entries.reserve(
      std::min<uint64_t>(count, reader.left() / 8));  // an entry takes at least eight bytes
  std::string last_disk_path;
  for (uint64_t i = 0; i < count; ++i) {
    Entry entry;
    entry.path = reader.text_after(entries.empty() ? std::string_view() : entries.back().path);
    if (!entries.empty() && !path_less(entries.back().path, entry.path))
      reader.damaged("its paths are not in order");
    const uint8_t type = reader.byte(), flags = reader.byte();
    if (type > static_cast<uint8_t>(Type::Whiteout) || flags > 127)
      reader.damaged("an entry is of no known type");
    entry.type = static_cast<Type>(type);
    entry.opaque = flags & kOpaque;
    entry.mode = reader.number32();
    entry.uid = reader.number32();
    entry.gid = reader.number32();
    entry.size = reader.number();
    entry.mtime_ns = unzigzag(reader.number());
    if (flags & kLink) entry.link = reader.text();
    if (flags & kDevice) {
      entry.device_major = reader.number32();
      entry.device_minor = reader.number32();
    }
    if (flags & kXattrs) {
      for (uint64_t left = reader.number(); left > 0; --left) {
        std::string name = reader.text();
        entry.xattrs.emplace_back(std::move(name), reader.text());
      }
    }
    if (flags & kDiskPath)
      entry.content.disk_path = last_disk_path = reader.text_after(last_disk_path);
    if (flags & kBytes) entry.content.bytes = reader.text();
    if (flags & kDigest) {
      const std::string_view sum = reader.take(kSumBytes);
      std::copy(sum.begin(), sum.end(), entry.content.digest.emplace().begin());
    }
    entries.push_back(std::move(entry));
  }
  if (reader.left() > 0) reader.damaged("something follows its last entry");
  return Tree(std::move(entries));
}

}  // namespace slipway::tree

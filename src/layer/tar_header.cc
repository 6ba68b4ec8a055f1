// The layer's bytes that are not file content; docs/formats/layer.md lists every choice made here.
#include "layer/tar_header.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace slipway::layer {
namespace {

constexpr uint64_t kMaxOctal7 = 07777777, kMaxOctal11 = 077777777777;

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class Block {
 public:
  void text(Field field, std::string_view value) { value.copy(bytes_ + field.offset, field.size); }
  /// Octal digits, zero-padded, with a NUL at the end.
  void octal(Field field, uint64_t value) {
    char* const at = bytes_ + field.offset;
    for (size_t i = field.size - 1; i-- > 0; value >>= 3)
      at[i] = static_cast<char>('0' + (value & 7));
  }
  std::string_view finish() {
    std::memset(bytes_ + ustar::kChecksum.offset, ' ', ustar::kChecksum.size);
    unsigned sum = 0;
    for (const char c : bytes_) sum += static_cast<unsigned char>(c);
    octal({ustar::kChecksum.offset, 7}, sum);
    bytes_[ustar::kChecksum.offset + 6] = '\0';
    return {bytes_, kTarBlock};
  }

 private:
  char bytes_[kTarBlock] = {};
};

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
void append_record(std::string& out, std::string_view key, std::string_view value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + fmt::formatted_size("{}", rest);
  if (fmt::formatted_size("{}", length) + rest != length) ++length;
  out += fmt::format("{} ", length);
  out.append(key).append("=").append(value).append("\n");
}

// Where a name can be cut so that both parts fit ustar's prefix and name fields (as far right as
// possible).
std::optional<size_t> prefix_length(std::string_view name) {
  if (name.size() > ustar::kPrefix.size + 1 + ustar::kName.size) return std::nullopt;
  const size_t slash =
      name.substr(0, std::min(name.size() - 1, ustar::kPrefix.size + 1)).rfind('/');
  if (slash == name.npos || slash == 0 || name.size() - slash - 1 > ustar::kName.size)
    return std::nullopt;
  return slash;
}

// What readers without pax see in place of a name that does not fit.
std::string fallback_name(std::string_view name, size_t size) {
  std::string out(name.substr(0, size));
  for (char& c : out)
    if (static_cast<unsigned char>(c) >= 0x80) c = '_';
  return out;
}

void append_padded(std::string& out, std::string_view bytes) {
  out += bytes;
  out.append((kTarBlock - bytes.size() % kTarBlock) % kTarBlock, '\0');
}

void append_pax(std::string_view records, std::string_view name, std::string& out) {
  Block block;
  if (name.ends_with('/')) name.remove_suffix(1);
  const std::string_view base = name.substr(name.rfind('/') + 1);
  block.text(ustar::kName, fallback_name(fmt::format("PaxHeaders/{}", base), ustar::kName.size));
  block.octal(ustar::kMode, 0644);
  block.octal(ustar::kUid, 0);
  block.octal(ustar::kGid, 0);
  block.octal(ustar::kSize, records.size());
  block.octal(ustar::kMtime, 0);
  block.text(ustar::kType, "x");
  block.text(ustar::kMagic, std::string_view("ustar\0", 6));
  block.text(ustar::kVersion, "00");
  block.octal(ustar::kDevMajor, 0);
  block.octal(ustar::kDevMinor, 0);
  out += block.finish();
  append_padded(out, records);
}

}  // namespace

void append_tar_header(const TarHeader& header, std::string& out) {
  std::string name(header.name.empty() ? "." : header.name);
  if (header.type == '5') name += '/';

  // The keys stand in this order, attributes sorted by name behind them.
  Block block;
  std::string records;
  const auto number = [&](Field field, std::string_view key, uint64_t value, uint64_t limit) {
    if (value > limit) append_record(records, key, fmt::format("{}", value));
    block.octal(field, value > limit ? 0 : value);
  };
  number(ustar::kGid, "gid", header.gid, kMaxOctal7);
  if (header.link.size() > ustar::kLinkName.size || !is_plain_ascii(header.link)) {
    append_record(records, "linkpath", header.link);
    block.text(ustar::kLinkName, fallback_name(header.link, ustar::kLinkName.size));
  } else {
    block.text(ustar::kLinkName, header.link);
  }
  if (header.mtime < 0 || static_cast<uint64_t>(header.mtime) > kMaxOctal11) {
    append_record(records, "mtime", fmt::format("{}", header.mtime));
    block.octal(ustar::kMtime, 0);
  } else {
    block.octal(ustar::kMtime, static_cast<uint64_t>(header.mtime));
  }
  const std::optional<size_t> cut = name.size() > ustar::kName.size ? prefix_length(name) : 0;
  if (!cut || !is_plain_ascii(name)) {
    append_record(records, "path", name);
    block.text(ustar::kName, fallback_name(name, ustar::kName.size));
  } else if (*cut > 0) {
    block.text(ustar::kPrefix, std::string_view(name).substr(0, *cut));
    block.text(ustar::kName, std::string_view(name).substr(*cut + 1));
  } else {
    block.text(ustar::kName, name);
  }
  number(ustar::kSize, "size", header.size, kMaxOctal11);
  number(ustar::kUid, "uid", header.uid, kMaxOctal7);
  if (header.xattrs) {
    for (const auto& [key, value] : *header.xattrs) {
      if (key.find('=') != key.npos)
        throw Error(fmt::format("the extended attribute {} cannot be written into a tar archive: "
                                "its name has a '='",
                                key),
                    std::string(header.name), fmt::format("remove it with setfattr -x '{}'", key));
      append_record(records, "SCHILY.xattr." + key, value);
    }
  }
  block.octal(ustar::kMode, header.mode & 07777);
  block.text(ustar::kType, std::string_view(&header.type, 1));
  block.text(ustar::kMagic, std::string_view("ustar\0", 6));
  block.text(ustar::kVersion, "00");
  block.octal(ustar::kDevMajor, header.device_major);
  block.octal(ustar::kDevMinor, header.device_minor);
  if (!records.empty()) append_pax(records, name, out);
  out += block.finish();
}

}  // namespace slipway::layer

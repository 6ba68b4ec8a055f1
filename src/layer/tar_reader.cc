#include "layer/tar_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "layer/tar_header.h"

namespace slipway::layer {
namespace {

using tree::Type;

constexpr uint64_t kMaxSpecialBytes =
    1 << 20;  // of a pax header or a GNU long name; Go reads no more either
constexpr uint64_t kMaxFileBytes = uint64_t{1} << 62;
constexpr uint64_t kMaxHoleBytes = uint64_t{64} << 30;  // somebody has to hash them

std::string_view field(std::span<const char> block, Field which) {
  const std::string_view all(block.data() + which.offset, which.size);
  return all.substr(0, all.find('\0'));
}

bool has_content(char type) { return type == '0' || type == '\0' || type == '7' || type == 'S'; }

bool is_all_zero(const std::array<char, kTarBlock>& block) {
  return block[0] == 0 && std::memcmp(block.data(), block.data() + 1, block.size() - 1) == 0;
}

uint64_t padding_of(uint64_t size) { return (kTarBlock - size % kTarBlock) % kTarBlock; }

}  // namespace

bool is_tar_header(std::span<const char> block) {
  // Some old writers summed signed bytes.
  uint32_t sum = 0, negative = 0;
  const auto add = [&](Field part) {
    for (const char c : block.subspan(part.offset, part.size)) {
      sum += static_cast<unsigned char>(c);
      negative += static_cast<unsigned char>(c) >> 7;
    }
  };
  constexpr size_t kBehind = ustar::kChecksum.offset + ustar::kChecksum.size;
  add({0, ustar::kChecksum.offset});
  add({kBehind, kTarBlock - kBehind});
  sum += ' ' * static_cast<uint32_t>(ustar::kChecksum.size);
  const auto stored = parse_u64(trim(field(block, ustar::kChecksum)), 8);
  return stored && (*stored == sum ||
                    static_cast<int64_t>(*stored) == int64_t{sum} - 256 * int64_t{negative});
}

void TarReader::damaged(std::string_view how) const {
  throw Error(fmt::format("damaged tar archive, header at byte {}: {}", header_at_, how));
}

std::optional<TarReader::Block> TarReader::read_block() {
  Block block;
  size_t have = 0;
  while (have < block.size()) {
    const auto piece = bytes_.take(block.size() - have);
    if (piece.empty()) {
      if (have == 0) return std::nullopt;
      damaged("it ends in the middle of a block");
    }
    std::memcpy(block.data() + have, piece.data(), piece.size());
    have += piece.size();
    at_ += piece.size();
  }
  return block;
}

void TarReader::skip(uint64_t count) {
  while (count > 0) {
    const auto piece = bytes_.take(static_cast<size_t>(std::min<uint64_t>(count, 1 << 30)));
    if (piece.empty()) damaged("it ends in the middle of the content");
    count -= piece.size();
    at_ += piece.size();
  }
}

void TarReader::skip_rest() {
  skip(stored_left_ + padding_);
  stored_left_ = padding_ = 0;
  extents_.clear();
  is_sparse_ = false;
}

std::string TarReader::read_special(uint64_t size, std::string_view what) {
  if (size > kMaxSpecialBytes) damaged(fmt::format("{} of {} bytes", what, size));
  std::string out;
  while (out.size() < size) {
    const auto piece = bytes_.take(static_cast<size_t>(size) - out.size());
    if (piece.empty()) damaged(fmt::format("it ends in the middle of {}", what));
    out.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    at_ += piece.size();
  }
  skip(padding_of(size));
  return out;
}

bool TarReader::next(TarEntry& entry) {
  skip_rest();
  Extra extra;
  bool special_before = false;
  while (!ended_) {
    header_at_ = at_;
    const auto block = read_block();
    if (!block) {
      if (special_before) damaged("it ends after a header that describes the next entry");
      ended_ = true;
      break;
    }
    if (is_all_zero(*block)) {
      const auto second = read_block();
      if (second && !is_all_zero(*second)) damaged("a block of zeros between entries");
      ended_ = true;
      break;
    }
    if (!is_tar_header(*block)) damaged("the checksum is wrong, this is no tar header");
    const char type = (*block)[ustar::kType.offset];
    const uint64_t size = unsigned_number(*block, ustar::kSize, "size");
    const auto long_name = [&](std::string_view what) {
      std::string text = read_special(size, what);
      text.resize(std::min(text.find('\0'), text.size()));
      return text;
    };
    switch (type) {
      case 'x':
      case 'X':
        read_pax(read_special(size, "a pax header"), extra);
        break;
      case 'g': {
        // Stays in force; entries' own headers win. Attributes of all following entries make no
        // sense and are left out.
        read_pax(read_special(size, "a global pax header"), global_);
        global_.xattrs.clear();
        global_.sparse.reset();
        break;
      }
      case 'L':
        extra.gnu_name = long_name("a long name");
        break;
      case 'K':
        extra.gnu_link = long_name("a long link name");
        break;
      case 'V':  // volume label
      case 'M':  // continuation of another volume
      case 'N':  // old long names
        skip(size);
        skip(padding_of(size));
        break;
      default:
        fill(*block, type, extra, entry);
        start_content(*block, type, extra, entry);
        return true;
    }
    special_before = type == 'x' || type == 'X' || type == 'L' || type == 'K';
  }
  return false;
}

TarReader::Piece TarReader::content() {
  if (is_sparse_) {
    if (real_at_ == real_size_) return {};
    while (extent_ < extents_.size() &&
           extents_[extent_].offset + extents_[extent_].size <= real_at_)
      ++extent_;
    const uint64_t data_at = extent_ < extents_.size() ? extents_[extent_].offset : real_size_;
    if (real_at_ < data_at) {
      const uint64_t zeros = data_at - real_at_;
      real_at_ = data_at;
      return {{}, zeros};
    }
  } else if (stored_left_ == 0) {
    return {};
  }
  const uint64_t want =
      is_sparse_ ? extents_[extent_].offset + extents_[extent_].size - real_at_ : stored_left_;
  const auto piece = bytes_.take(static_cast<size_t>(std::min<uint64_t>(want, 1 << 30)));
  if (piece.empty()) damaged("it ends in the middle of the content");
  at_ += piece.size();
  stored_left_ -= piece.size();
  real_at_ += piece.size();
  return {piece, 0};
}

// Octal digits, or GNU's base 256: the first byte's top bit set, the rest big-endian in two's
// complement.
int64_t TarReader::number(const Block& block, Field where) const {
  const auto first = static_cast<unsigned char>(block[where.offset]);
  if (first & 0x80) {
    const unsigned char flip = first & 0x40 ? 0xff : 0;  // negative numbers are read inverted
    uint64_t value = (first ^ flip) & 0x3f;
    for (size_t i = 1; i < where.size; ++i) {
      if (value >> 55) damaged("a number is too large");
      value = value << 8 | static_cast<unsigned char>(
                               static_cast<unsigned char>(block[where.offset + i]) ^ flip);
    }
    return flip ? -static_cast<int64_t>(value) - 1 : static_cast<int64_t>(value);
  }
  const std::string_view text = trim(field(block, where));
  if (text.empty()) return 0;
  const auto value = parse_u64(text, 8);
  if (!value || *value > INT64_MAX) damaged("a field holds no octal number");
  return static_cast<int64_t>(*value);
}

uint64_t TarReader::unsigned_number(const Block& block, Field where, std::string_view what) const {
  const int64_t value = number(block, where);
  if (value < 0) damaged(fmt::format("its {} is negative", what));
  if (static_cast<uint64_t>(value) > kMaxFileBytes)
    damaged(fmt::format("its {} is impossible", what));
  return static_cast<uint64_t>(value);
}

void TarReader::fill(const Block& block, char type, const Extra& extra, TarEntry& entry) {
  entry = TarEntry();
  entry.offset = header_at_;
  const auto pick = [&](auto member) {
    return (extra.*member) ? (extra.*member) : (global_.*member);
  };

  const std::string_view magic(block.data() + ustar::kMagic.offset, 6);
  if (const auto name = pick(&Extra::name)) {
    entry.name = *name;
  } else if (extra.gnu_name) {
    entry.name = *extra.gnu_name;
  } else {
    entry.name = field(block, ustar::kName);
    // GNU keeps other things where ustar has the prefix, star ends it earlier to keep times there.
    const bool star = std::string_view(block.data() + 508, 4) == std::string_view("tar\0", 4);
    const std::string_view prefix =
        field(block, {ustar::kPrefix.offset, star ? size_t{131} : ustar::kPrefix.size});
    if (magic == std::string_view("ustar\0", 6) && !prefix.empty())
      entry.name = fmt::format("{}/{}", prefix, entry.name);
  }
  if (extra.sparse_name) entry.name = *extra.sparse_name;
  const auto link = pick(&Extra::link);
  entry.link = link ? *link : extra.gnu_link.value_or(std::string(field(block, ustar::kLinkName)));

  switch (type) {
    case '\0':
    case '0':
    case '7':
    case 'S':
      entry.type = type != 'S' && entry.name.ends_with('/') ? Type::Dir : Type::File;
      break;
    case '1':
      entry.type = Type::Hardlink;
      break;
    case '2':
      entry.type = Type::Symlink;
      break;
    case '3':
      entry.type = Type::CharDevice;
      break;
    case '4':
      entry.type = Type::BlockDevice;
      break;
    case '5':
    case 'D':
      entry.type = Type::Dir;
      break;
    case '6':
      entry.type = Type::Fifo;
      break;
    default:
      damaged(fmt::format("{} is of the unknown type 0x{:02x}", entry.name,
                          static_cast<unsigned char>(type)));
  }
  const auto id = [&](const std::optional<uint64_t>& given, Field where, std::string_view what) {
    const uint64_t value = given ? *given : unsigned_number(block, where, what);
    if (value > UINT32_MAX) damaged(fmt::format("{} {} is too large", what, value));
    return static_cast<uint32_t>(value);
  };
  entry.mode = static_cast<uint32_t>(unsigned_number(block, ustar::kMode, "mode") & 07777);
  entry.uid = id(pick(&Extra::uid), ustar::kUid, "user id");
  entry.gid = id(pick(&Extra::gid), ustar::kGid, "group id");
  if (const auto mtime = pick(&Extra::mtime_ns)) {
    entry.mtime_ns = *mtime;
  } else {
    const int64_t seconds = number(block, ustar::kMtime);
    if (seconds > INT64_MAX / 1'000'000'000 || seconds < INT64_MIN / 1'000'000'000)
      damaged("its time is impossible");
    entry.mtime_ns = seconds * 1'000'000'000;
  }
  if (entry.type == Type::CharDevice || entry.type == Type::BlockDevice) {
    entry.device_major = id(std::nullopt, ustar::kDevMajor, "device number");
    entry.device_minor = id(std::nullopt, ustar::kDevMinor, "device number");
  }
  entry.xattrs = extra.xattrs;
}

void TarReader::start_content(const Block& block, char type, Extra& extra, TarEntry& entry) {
  const auto given = extra.size ? extra.size : global_.size;
  const uint64_t stored = given ? *given : unsigned_number(block, ustar::kSize, "size");
  if (stored > kMaxFileBytes) damaged("its size is impossible");
  // Links and devices have no content, whatever their size says; a GNU directory dump has some that
  // nobody wants.
  if (!has_content(type) && type != 'D') return;
  stored_left_ = stored;
  padding_ = padding_of(stored);
  if (entry.type != Type::File) return;
  entry.size = stored;

  is_sparse_ = type == 'S' || extra.sparse || extra.sparse_1_0;
  if (!is_sparse_) return;
  if (type == 'S') {
    entry.size = unsigned_number(block, {483, 12}, "real size");
    old_gnu_sparse(block, extents_);
  } else {
    if (!extra.real_size) damaged("a sparse file without its real size");
    entry.size = *extra.real_size;
    if (extra.sparse_1_0)
      pax_1_0_sparse(extents_);
    else
      extents_ = std::move(*extra.sparse);
  }
  check_extents(extents_, entry.size);
  extent_ = 0;
  real_at_ = 0;
  real_size_ = entry.size;
}

void TarReader::check_extents(const std::vector<Extent>& extents, uint64_t real_size) {
  uint64_t end = 0, stored = 0;
  for (const Extent& extent : extents) {
    if (extent.offset < end || extent.offset > real_size || extent.size > real_size - extent.offset)
      damaged("the map of a sparse file is not in order");
    end = extent.offset + extent.size;
    stored += extent.size;
  }
  if (stored != stored_left_) damaged("the map of a sparse file does not match its stored size");
  holes_total_ += real_size - stored;
  if (real_size - stored > kMaxHoleBytes || holes_total_ > kMaxHoleBytes)
    damaged(fmt::format("sparse files with more than {} of holes", human_size(kMaxHoleBytes)));
}

}  // namespace slipway::layer

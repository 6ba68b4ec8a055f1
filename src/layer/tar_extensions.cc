// The parts of TarReader that read what is not in plain headers: pax records and the maps of sparse
// files.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "layer/tar_header.h"
#include "layer/tar_reader.h"

namespace slipway::layer {
namespace {

constexpr std::string_view kXattrPrefix = "SCHILY.xattr.";
constexpr size_t kMaxExtents = 65536;

// "[-]SECONDS[.FRACTION]" in nanoseconds, cut off below them; nullopt if malformed or out of range.
std::optional<int64_t> parse_time(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const size_t dot = std::min(text.find('.'), text.size());
  const auto seconds = parse_u64(text.substr(0, dot));
  std::string fraction(dot < text.size() ? text.substr(dot + 1) : std::string_view());
  fraction.resize(9, '0');
  const auto nanos = parse_u64(fraction);
  if (!seconds || !nanos || *seconds >= INT64_MAX / 1'000'000'000) return std::nullopt;
  const auto value = static_cast<int64_t>(*seconds * 1'000'000'000 + *nanos);
  return negative ? -value : value;
}

}  // namespace

uint64_t TarReader::decimal(std::string_view text, std::string_view what) const {
  const auto value = parse_u64(text);
  if (!value || *value > INT64_MAX)
    damaged(fmt::format("the pax header's {} is no valid number", what));
  return *value;
}

// Records are "LENGTH KEY=VALUE\n"; values may hold any byte, so only the lengths say where one
// ends.
void TarReader::read_pax(std::string_view records, Extra& extra) {
  while (!records.empty()) {
    const size_t space = records.substr(0, 21).find(' ');
    const auto length = space == records.npos ? std::nullopt : parse_u64(records.substr(0, space));
    if (!length || *length > records.size() || *length < space + 3)
      damaged("a pax record has a wrong length");
    const std::string_view record = records.substr(0, *length);
    records.remove_prefix(*length);
    const size_t equals = record.find('=', space);
    if (record.back() != '\n' || equals == record.npos || equals == space + 1)
      damaged("a pax record has no key or no end");
    pax_record(record.substr(space + 1, equals - space - 1),
               record.substr(equals + 1, record.size() - equals - 2), extra);
  }
  if (extra.sparse_offset) damaged("the map of a sparse file is incomplete");
  std::stable_sort(extra.xattrs.begin(), extra.xattrs.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Of several values the last one counts.
  tree::Xattrs unique;
  for (auto& xattr : extra.xattrs) {
    if (!unique.empty() && unique.back().first == xattr.first)
      unique.back() = std::move(xattr);
    else
      unique.push_back(std::move(xattr));
  }
  extra.xattrs = std::move(unique);
}

void TarReader::pax_record(std::string_view key, std::string_view value, Extra& extra) {
  const auto text = [&](std::optional<std::string>& into) {
    if (value.find('\0') != value.npos)
      damaged(fmt::format("the pax header's {} has a zero byte in it", key));
    into.reset();
    if (!value.empty()) into = value;
  };
  const auto number = [&](std::optional<uint64_t>& into) {
    into.reset();  // an empty value takes back what an earlier header said
    if (!value.empty()) into = decimal(value, key);
  };
  const auto extents = [&]() -> std::vector<Extent>& {
    if (!extra.sparse) extra.sparse.emplace();
    if (extra.sparse->size() >= kMaxExtents) damaged("the map of a sparse file is too long");
    return *extra.sparse;
  };
  if (key == "path")
    text(extra.name);
  else if (key == "linkpath")
    text(extra.link);
  else if (key == "size")
    number(extra.size);
  else if (key == "uid")
    number(extra.uid);
  else if (key == "gid")
    number(extra.gid);
  else if (key == "mtime") {
    extra.mtime_ns = value.empty() ? std::nullopt : parse_time(value);
    if (!value.empty() && !extra.mtime_ns) damaged("the pax header's mtime is no valid time");
  } else if (key.starts_with(kXattrPrefix)) {
    key.remove_prefix(kXattrPrefix.size());
    if (key.empty() || key.find('\0') != key.npos)
      damaged("an extended attribute has no valid name");
    extra.xattrs.emplace_back(key, value);
  } else if (key == "GNU.sparse.major") {
    extra.sparse_major = static_cast<int>(std::min<uint64_t>(decimal(value, key), 99));
  } else if (key == "GNU.sparse.minor") {
    if (extra.sparse_major == 1 && value == "0")
      extra.sparse_1_0 = true;
    else if (extra.sparse_major > 0)
      damaged("a sparse file of an unknown format");
  } else if (key == "GNU.sparse.name") {
    text(extra.sparse_name);
  } else if (key == "GNU.sparse.size" || key == "GNU.sparse.realsize") {
    number(extra.real_size);
  } else if (key == "GNU.sparse.numblocks") {
    extents();
  } else if (key == "GNU.sparse.offset") {
    if (extra.sparse_offset) damaged("the map of a sparse file is incomplete");
    extra.sparse_offset = decimal(value, key);
  } else if (key == "GNU.sparse.numbytes") {
    if (!extra.sparse_offset) damaged("the map of a sparse file is incomplete");
    extents().push_back({*extra.sparse_offset, decimal(value, key)});
    extra.sparse_offset.reset();
  } else if (key == "GNU.sparse.map") {
    extents();
    extra.sparse->clear();
    const std::vector<std::string> numbers =
        value.empty() ? std::vector<std::string>{} : split(value, ',');
    if (numbers.size() % 2) damaged("the map of a sparse file is incomplete");
    for (size_t i = 0; i < numbers.size(); i += 2)
      extents().push_back({decimal(numbers[i], key), decimal(numbers[i + 1], key)});
  }
}

// Four extents in the header, then as many blocks of 21 as the flag behind each says.
void TarReader::old_gnu_sparse(const Block& block, std::vector<Extent>& extents) {
  const auto read = [&](const Block& from, size_t at, size_t count) {
    for (size_t i = 0; i < count; ++i, at += 24) {
      if (from[at] == 0 || from[at] == ' ') return;
      if (extents.size() >= kMaxExtents) damaged("the map of a sparse file is too long");
      extents.push_back({unsigned_number(from, {at, 12}, "sparse map"),
                         unsigned_number(from, {at + 12, 12}, "sparse map")});
    }
  };
  read(block, 386, 4);
  bool more = block[482] != 0;
  while (more) {
    const auto next = read_block();
    if (!next) damaged("it ends in the map of a sparse file");
    const size_t before = extents.size();
    read(*next, 0, 21);
    more = (*next)[504] != 0;
    if (more && extents.size() == before)
      damaged("the map of a sparse file is empty where it goes on");
  }
}

// The map stands before the content: decimal lines "COUNT", then "OFFSET" and "SIZE" of each,
// padded to a full block.
void TarReader::pax_1_0_sparse(std::vector<Extent>& extents) {
  Block block;
  size_t left = 0;
  const auto line = [&]() -> uint64_t {
    std::string digits;
    while (true) {
      if (left == 0) {
        if (stored_left_ < kTarBlock) damaged("the map of a sparse file is incomplete");
        const auto next = read_block();
        if (!next) damaged("it ends in the map of a sparse file");
        block = *next;
        stored_left_ -= kTarBlock;
        left = kTarBlock;
      }
      const char c = block[kTarBlock - left--];
      if (c == '\n') return decimal(digits, "sparse map");
      digits += c;
      if (digits.size() > 20) damaged("the map of a sparse file holds no number");
    }
  };
  const uint64_t count = line();
  if (count > kMaxExtents) damaged("the map of a sparse file is too long");
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = line();
    extents.push_back({offset, line()});
  }
}

}  // namespace slipway::layer

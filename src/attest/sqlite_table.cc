#include "attest/sqlite_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"

namespace slipway::attest {
namespace {

class Database {
 public:
  Database(std::string_view bytes, std::string_view origin) : bytes_(bytes), origin_(origin) {
    if (bytes.size() < 512 || !bytes.starts_with(std::string_view("SQLite format 3\0", 16)))
      damaged("no SQLite file");
    page_size_ = number(bytes, 16, 2);
    if (page_size_ == 1) page_size_ = 65536;
    if (page_size_ < 512 || (page_size_ & (page_size_ - 1))) damaged("page size");
    usable_ = page_size_ - static_cast<uint8_t>(bytes[20]);
    if (usable_ < 480) damaged("reserved bytes");
    pages_left_ = bytes.size() / page_size_;
  }

  using Row = std::function<void(const std::string& payload)>;

  /// Every row of the table b-tree at page `root`, as its record.
  void walk(uint64_t root, const Row& row, int depth = 0) {
    if (depth > 20) damaged("b-tree depth");
    const std::string_view page = this->page(root);
    const size_t header = root == 1 ? 100 : 0;
    const uint64_t kind = number(page, header, 1), cells = number(page, header + 3, 2);
    constexpr uint64_t kInterior = 5, kLeaf = 13;
    if (kind != kInterior && kind != kLeaf) damaged("page kind");
    const size_t pointers = header + (kind == kInterior ? 12 : 8);
    for (uint64_t i = 0; i < cells; ++i) {
      const size_t cell = number(page, pointers + 2 * i, 2);
      if (kind == kInterior)
        walk(number(page, cell, 4), row, depth + 1);
      else
        row(payload(page, cell));
    }
    if (kind == kInterior) walk(number(page, header + 8, 4), row, depth + 1);
  }

  struct Value {
    uint64_t type = 0;
    std::string_view bytes;
  };

  /// Column `column` of a record; nullopt if the record is shorter.
  std::optional<Value> value(std::string_view record, size_t column) const {
    size_t at = 0;
    const uint64_t header = varint(record, at);
    if (header > record.size()) damaged("record header");
    uint64_t body = header;
    for (size_t i = 0; at < header; ++i) {
      const uint64_t type = varint(record, at);
      const uint64_t size = size_of(type);
      if (body > record.size() || size > record.size() - body) damaged("record body");
      if (i == column) return Value{type, record.substr(body, size)};
      body += size;
    }
    return std::nullopt;
  }

  uint64_t integer(const Value& value) const { return number(value.bytes, 0, value.bytes.size()); }

  [[noreturn]] void damaged(std::string_view what) const {
    throw Error(fmt::format("damaged SQLite database ({})", what), std::string(origin_));
  }

 private:
  uint64_t number(std::string_view bytes, size_t at, size_t size) const {
    if (at > bytes.size() || size > bytes.size() - at) damaged("offset");
    uint64_t out = 0;
    for (size_t i = 0; i < size; ++i) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
    return out;
  }

  uint64_t varint(std::string_view bytes, size_t& at) const {
    uint64_t out = 0;
    for (int i = 0; i < 8; ++i) {
      const uint64_t byte = number(bytes, at++, 1);
      out = out << 7 | (byte & 0x7f);
      if (!(byte & 0x80)) return out;
    }
    return out << 8 | number(bytes, at++, 1);
  }

  static uint64_t size_of(uint64_t type) {
    constexpr uint64_t kSizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    return type < 12 ? kSizes[type] : (type - 12) / 2;
  }

  /// Each page belongs to one place only: visits beyond their number mean a circle.
  std::string_view page(uint64_t number) {
    if (number == 0 || number > bytes_.size() / page_size_) damaged("page number");
    if (pages_left_-- == 0) damaged("pages in a circle");
    return bytes_.substr((number - 1) * page_size_, page_size_);
  }

  /// The record of a leaf cell, with what overflowed to other pages.
  std::string payload(std::string_view page, size_t at) {
    const uint64_t size = varint(page, at);
    varint(page, at);  // the row id
    if (size > bytes_.size()) damaged("payload size");
    const uint64_t most = usable_ - 35, least = (usable_ - 12) * 32 / 255 - 23;
    uint64_t local = size;
    if (size > most) {
      local = least + (size - least) % (usable_ - 4);
      if (local > most) local = least;
    }
    if (at > page.size() || local > page.size() - at) damaged("cell");
    std::string out(page.substr(at, local));
    if (local == size) return out;
    for (uint64_t next = number(page, at + local, 4); out.size() < size;) {
      const std::string_view more = this->page(next);
      out += more.substr(4, std::min<uint64_t>(size - out.size(), usable_ - 4));
      next = number(more, 0, 4);
    }
    return out;
  }

  std::string_view bytes_, origin_;
  uint64_t page_size_ = 0, usable_ = 0, pages_left_ = 0;
};

}  // namespace

std::vector<std::string> read_sqlite_blobs(std::string_view bytes, std::string_view table,
                                           size_t column, std::string_view origin) {
  Database database(bytes, origin);
  uint64_t root = 0;
  // sqlite_schema, at page 1: type, name, tbl_name, rootpage, sql.
  database.walk(1, [&](const std::string& record) {
    const auto type = database.value(record, 0), name = database.value(record, 1),
               page = database.value(record, 3);
    if (type && type->bytes == "table" && name && name->bytes == table && page)
      root = database.integer(*page);
  });
  if (root == 0) database.damaged(fmt::format("no table {}", table));
  std::vector<std::string> out;
  database.walk(root, [&](const std::string& record) {
    const auto value = database.value(record, column);
    out.emplace_back(value && value->type >= 12 ? value->bytes : std::string_view());
  });
  return out;
}

}  // namespace slipway::attest

// Records: the step cache. The parts of a key are kept beside it in the order given, each written
// as
// "<length>:<text>" for label and value, so that one part is found by its bytes.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "store/impl.h"

namespace slipway::store {
namespace {

void append_text(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

std::string encode_part(std::string_view label, std::string_view value) {
  std::string out;
  append_text(out, label);
  append_text(out, value);
  return out;
}

std::string take_text(std::string_view& in) {
  const size_t colon = in.find(':');
  const auto size = colon == in.npos ? std::nullopt : parse_u64(in.substr(0, colon));
  if (!size || *size > in.size() - colon - 1)
    throw DamagedDatabase{"the parts of a record cannot be read"};
  std::string text(in.substr(colon + 1, *size));
  in.remove_prefix(colon + 1 + *size);
  return text;
}

}  // namespace

KeyParts decode_parts(std::string_view in) {
  KeyParts parts;
  while (!in.empty()) {
    std::string label = take_text(in);
    parts.emplace_back(std::move(label), take_text(in));
  }
  return parts;
}

std::optional<Record> Store::find_record(const std::string& key) {
  const auto find = [&] {
    return impl_->database.with([&](Connection& db) -> std::optional<Record> {
      Query query =
          db.query("SELECT value, parts, created, last_used FROM records WHERE key=?", key);
      if (!query.step()) return std::nullopt;
      return Record{.value = query.text(0),
                    .parts = decode_parts(query.text(1)),
                    .created = query.integer(2),
                    .last_used = query.integer(3)};
    });
  };
  auto found = find();
  if (!found) return std::nullopt;
  if (const std::string mark = record_mark(key); !impl_->lease.holds(mark)) {
    impl_->lease.hold(mark);
    found = find();
  }
  if (found) impl_->note_record_use(key);
  return found;
}

void Store::put_record(const std::string& key, std::string_view value, const KeyParts& parts) {
  std::string encoded;
  for (const auto& [label, text] : parts) encoded += encode_part(label, text);
  impl_->lease.hold(record_mark(key));
  const bool is_known = impl_->database.with([&](Connection& db) {
    return db
        .query("SELECT 1 FROM records WHERE key=? AND value=? AND parts=?", key, Bytes{value},
               Bytes{encoded})
        .step();
  });
  if (is_known) return impl_->note_record_use(key);
  impl_->database.change([&](Connection& db) {
    // A new row rather than a changed one: ids tell which record is newer.
    db.run("DELETE FROM records WHERE key=?", key);
    db.run("INSERT INTO records(key, value, parts, created, last_used) VALUES(?1, ?2, ?3, ?4, ?4)",
           key, Bytes{value}, Bytes{encoded}, now());
  });
}

std::vector<std::pair<std::string, Record>> Store::records_with(std::string_view label,
                                                                std::string_view value, int limit) {
  const std::pair<std::string, std::string> wanted(label, value);
  return impl_->database.with([&](Connection& db) {
    std::vector<std::pair<std::string, Record>> found;
    // instr also finds the bytes inside a value; the parts decide.
    Query query = db.query(
        "SELECT key, value, parts, created, last_used FROM records WHERE instr(parts, ?) > 0 "
        "ORDER BY id DESC",
        Bytes{encode_part(label, value)});
    while (static_cast<int>(found.size()) < limit && query.step()) {
      Record record{.value = query.text(1),
                    .parts = decode_parts(query.text(2)),
                    .created = query.integer(3),
                    .last_used = query.integer(4)};
      if (std::find(record.parts.begin(), record.parts.end(), wanted) != record.parts.end())
        found.emplace_back(query.text(0), std::move(record));
    }
    return found;
  });
}

void Store::drop_record(const std::string& key) {
  impl_->database.change([&](Connection& db) { db.run("DELETE FROM records WHERE key=?", key); });
}

}  // namespace slipway::store

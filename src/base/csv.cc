#include "base/csv.h"

#include <algorithm>

#include "base/error.h"

namespace slipway {

std::vector<std::string> csv_fields(std::string_view text, std::string_view where) {
  const auto refuse = [&](const char* what) {
    return Error(
        std::string(what) + " in \"" + std::string(text) + "\"", std::string(where),
        "a quoted field begins and ends with a double quote; write a quote inside it twice");
  };
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) throw Error("the value is empty", std::string(where));
  std::vector<std::string> fields;
  for (size_t at = 0; at <= text.size();) {
    std::string field;
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) throw refuse("a quote is not closed");
        if (text[at] != '"') {
          field += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field += text[at++];
        } else {
          break;
        }
      }
      ++at;
      if (at < text.size() && text[at] != ',') throw refuse("there is text behind a closing quote");
    } else {
      const size_t end = std::min(text.find(',', at), text.size());
      field = text.substr(at, end - at);
      if (field.find('"') != field.npos) throw refuse("there is a quote in the middle of a field");
      at = end;
    }
    fields.push_back(std::move(field));
    ++at;  // the comma
  }
  return fields;
}

std::string csv_record(std::span<const std::string> fields) {
  std::string out;
  for (const auto& field : fields) {
    if (&field != fields.data()) out += ',';
    if (field.find_first_of(",\"") == field.npos) {
      out += field;
      continue;
    }
    out += '"';
    for (const char c : field) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    out += '"';
  }
  return out;
}

}  // namespace slipway

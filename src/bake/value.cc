#include "bake/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "base/error.h"
#include "json/json.h"

namespace slipway::bake {
namespace {

Error cannot(const Value& value, const char* wanted) {
  return Error(fmt::format("a {} is needed here, and this is {}", wanted,
                           value.is_null() ? "null" : fmt::format("a value of kind {}", kind_name(value))));
}

bool less(const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) return a.data.index() < b.data.index();
  if (const auto* list = a.list()) return std::ranges::lexicographical_compare(*list, *b.list(), less);
  if (const auto* object = a.object())
    return std::ranges::lexicographical_compare(*object, *b.object(), [](const auto& x, const auto& y) {
      return x.first != y.first ? x.first < y.first : less(x.second, y.second);
    });
  if (const auto* text = a.text()) return *text < *b.text();
  if (const auto* number = a.number()) return *number < *b.number();
  if (const auto* boolean = a.boolean()) return *boolean < *b.boolean();
  return false;
}

}  // namespace

std::string_view kind_name(const Value& value) {
  static constexpr std::string_view kNames[] = {"null", "bool", "number", "string", "list", "object"};
  return kNames[value.data.index()];
}

std::string number_text(double number) {
  if (number == 0) return "0";
  if (number == std::floor(number)) return fmt::format("{:.0f}", number);
  // The digits that a double has for certain: 0.1 + 0.2 is 0.3.
  const std::string text = fmt::format("{:.15g}", number);
  if (!text.contains('e')) return text;
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed);
  return std::string(buffer, end.ptr);
}

std::string to_text(const Value& value) {
  if (const auto* text = value.text()) return *text;
  if (const auto* number = value.number()) return number_text(*number);
  if (const auto* boolean = value.boolean()) return *boolean ? "true" : "false";
  throw cannot(value, "string");
}

double to_number(const Value& value) {
  if (const auto* number = value.number()) return *number;
  if (const auto* text = value.text()) {
    double out = 0;
    const char* begin = text->data();
    const char* end = begin + text->size();
    const auto read = std::from_chars(begin, end, out);
    if (!text->empty() && read.ec == std::errc() && read.ptr == end && std::isfinite(out)) return out;
    throw Error(fmt::format("a number is needed here, and \"{}\" is none", *text));
  }
  throw cannot(value, "number");
}

bool to_bool(const Value& value) {
  if (const auto* boolean = value.boolean()) return *boolean;
  if (const auto* text = value.text()) {
    if (*text == "true" || *text == "1") return true;
    if (*text == "false" || *text == "0") return false;
    throw Error(fmt::format("true or false is needed here, and \"{}\" is neither", *text));
  }
  throw cannot(value, "bool");
}

List as_set(List items) {
  std::ranges::sort(items, less);
  const auto rest = std::ranges::unique(items);
  items.erase(rest.begin(), rest.end());
  return items;
}

Value from_json(const json::Value& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    List out;
    for (const auto& item : json) out.push_back(from_json(item));
    return out;
  }
  if (json.is_object()) {
    Object out;
    for (const auto& [name, member] : json.items()) out[name] = from_json(member);
    return out;
  }
  return {};
}

std::string json_string(std::string_view text) {
  const std::string plain = json::dump(json::Value(std::string(text)));
  std::string out;
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] == '<') out += "\\u003c";
    else if (plain[i] == '>') out += "\\u003e";
    else if (plain[i] == '&') out += "\\u0026";
    else if (plain.compare(i, 3, "\xe2\x80\xa8") == 0) out += "\\u2028", i += 2;
    else if (plain.compare(i, 3, "\xe2\x80\xa9") == 0) out += "\\u2029", i += 2;
    else out += plain[i];
  }
  return out;
}

std::string json_text(const Value& value) {
  if (value.is_null()) return "null";
  if (const auto* text = value.text()) return json_string(*text);
  std::string out;
  if (const auto* list = value.list()) {
    for (const auto& item : *list) out += (out.empty() ? "" : ",") + json_text(item);
    return "[" + out + "]";
  }
  if (const auto* object = value.object()) {
    for (const auto& [name, member] : *object)
      out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json_string(name), json_text(member));
    return "{" + out + "}";
  }
  return to_text(value);
}

}  // namespace slipway::bake

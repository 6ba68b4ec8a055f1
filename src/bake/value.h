// What an expression of a bake file gives. As in HCL, numbers and booleans become strings where a string is wanted, and back.
//
// Lists, tuples and sets are one kind here (a set is a list that was sorted and rid of doubles), maps and objects are
// another, with their members in order of their names.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "json/fwd.h"

namespace slipway::bake {

struct Value;
using List = std::vector<Value>;
using Object = std::map<std::string, Value>;

struct Value {
  std::variant<std::monostate, bool, double, std::string, List, Object> data;

  Value() = default;
  Value(bool b) : data(b) {}
  Value(double n) : data(n) {}
  Value(std::string text) : data(std::move(text)) {}
  Value(const char* text) : data(std::string(text)) {}
  Value(List items) : data(std::move(items)) {}
  Value(Object members) : data(std::move(members)) {}

  bool is_null() const { return data.index() == 0; }
  const bool* boolean() const { return std::get_if<bool>(&data); }
  const double* number() const { return std::get_if<double>(&data); }
  const std::string* text() const { return std::get_if<std::string>(&data); }
  const List* list() const { return std::get_if<List>(&data); }
  const Object* object() const { return std::get_if<Object>(&data); }
  bool operator==(const Value&) const = default;
};

/// "string", "number", "bool", "list", "object", "null": for messages.
std::string_view kind_name(const Value& value);

/// Decimal, without an exponent; fractions to 15 digits.
std::string number_text(double number);

/// Conversions between the simple kinds; throw Error without a place, that says what is wanted and what there is.
std::string to_text(const Value& value);
double to_number(const Value& value);
bool to_bool(const Value& value);

/// Sorted by kind and content, each only once.
List as_set(List items);

Value from_json(const json::Value& json);
/// Compact JSON with <, > and & escaped, as Go writes it.
std::string json_text(const Value& value);
/// One string as Go's JSON has it, with quotes.
std::string json_string(std::string_view text);

}  // namespace slipway::bake

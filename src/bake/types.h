// Type constraints of variables: string, number, bool, any, list(T), set(T), map(T), object({...}), tuple([...]).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bake/syntax.h"
#include "bake/value.h"

namespace slipway::bake {

struct Type {
  enum class Kind { Any, String, Number, Bool, ListOf, SetOf, MapOf, ObjectOf, TupleOf };
  Kind kind = Kind::Any;
  std::vector<Type> items;              // the one of ListOf, SetOf and MapOf; those of TupleOf
  std::map<std::string, Type> members;  // of ObjectOf

  bool is_simple() const { return kind == Kind::String || kind == Kind::Number || kind == Kind::Bool; }
  /// As messages and --list name it: "list of string".
  std::string name() const;
};

/// Throws Error with the place for anything else.
Type parse_type(const Expr& expr);

/// The value as one of that type; null stays null. Throws Error without a place.
Value convert(const Value& value, const Type& type);

/// The text of an environment variable, or of --var, as a value of that type: simple kinds as they are, lists, sets and tuples
/// as CSV, maps as CSV of key:value. Throws Error without a place for objects and nested types, which need NAME_JSON.
Value from_environment(const std::string& text, const Type& type);

}  // namespace slipway::bake

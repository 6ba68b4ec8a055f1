#include "bake/types.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/csv.h"
#include "base/text.h"

namespace slipway::bake {
namespace {

constexpr const char* kTypes = "string, number, bool, any, list(T), set(T), map(T), object({name = T}) and tuple([T])";

const Expr& inner(const Expr& expr) {
  return expr.kind == Expr::Kind::Template && expr.kids.size() == 1 ? inner(*expr.kids[0]) : expr;
}

/// An environment variable has no quotes that would tell kinds apart.
Value simple(const std::string& text, const Type& type) {
  if (type.kind != Type::Kind::Bool) return convert(Value(text), type);
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  throw Error(fmt::format("true or false is needed here, and \"{}\" is neither", text));
}

Value simple_item(const std::string& text, const Type& list) {
  if (!list.items[0].is_simple())
    throw Error(fmt::format("a value of type {} cannot be written as text", list.name()), {}, "set NAME_JSON instead");
  return simple(text, list.items[0]);
}

}  // namespace

std::string Type::name() const {
  switch (kind) {
    case Kind::Any: return "any type";
    case Kind::String: return "string";
    case Kind::Number: return "number";
    case Kind::Bool: return "bool";
    case Kind::ListOf: return "list of " + items[0].name();
    case Kind::SetOf: return "set of " + items[0].name();
    case Kind::MapOf: return "map of " + items[0].name();
    case Kind::ObjectOf: return "object";
    case Kind::TupleOf: return "tuple";
  }
  CHECK(false);
}

Type parse_type(const Expr& given) {
  const Expr& expr = inner(given);
  const auto refuse = [&](const std::string& what) { return error_at(expr.span, what, fmt::format("the types are {}", kTypes)); };
  using Kind = Type::Kind;
  static const std::map<std::string, Kind> kSimple = {
      {"string", Kind::String}, {"number", Kind::Number}, {"bool", Kind::Bool}, {"any", Kind::Any}};
  static const std::map<std::string, Kind> kOf = {
      {"list", Kind::ListOf}, {"set", Kind::SetOf}, {"map", Kind::MapOf}, {"object", Kind::ObjectOf}, {"tuple", Kind::TupleOf}};
  if (expr.kind == Expr::Kind::Variable) {
    if (const auto it = kSimple.find(expr.name); it != kSimple.end()) return {.kind = it->second};
    throw refuse(kOf.contains(expr.name) ? fmt::format("{} needs the type of what it holds", expr.name)
                                         : fmt::format("there is no type \"{}\"", expr.name));
  }
  if (expr.kind != Expr::Kind::Call || !kOf.contains(expr.name)) throw refuse("this is no type");
  if (expr.kids.size() != 1) throw refuse(fmt::format("{} takes one argument", expr.name));
  Type out{.kind = kOf.at(expr.name)};
  const Expr& of = inner(*expr.kids[0]);
  if (out.kind == Kind::ObjectOf) {
    if (of.kind != Expr::Kind::Members) throw refuse("object takes its members in braces");
    for (size_t i = 0; i + 1 < of.kids.size(); i += 2) out.members[to_text(of.kids[i]->literal)] = parse_type(*of.kids[i + 1]);
  } else if (out.kind == Kind::TupleOf) {
    if (of.kind != Expr::Kind::Items) throw refuse("tuple takes its types in brackets");
    for (const auto& item : of.kids) out.items.push_back(parse_type(*item));
  } else {
    out.items.push_back(parse_type(of));
  }
  return out;
}

Value convert(const Value& value, const Type& type) {
  if (value.is_null()) return value;
  const auto refuse = [&] {
    return Error(fmt::format("a value of type {} is needed here, and this is one of kind {}", type.name(), kind_name(value)));
  };
  switch (type.kind) {
    case Type::Kind::Any: return value;
    case Type::Kind::String: return to_text(value);
    case Type::Kind::Number: return to_number(value);
    case Type::Kind::Bool: return to_bool(value);
    case Type::Kind::ListOf:
    case Type::Kind::SetOf: {
      if (!value.list()) throw refuse();
      List out;
      for (const auto& item : *value.list()) out.push_back(convert(item, type.items[0]));
      return type.kind == Type::Kind::SetOf ? as_set(std::move(out)) : out;
    }
    case Type::Kind::MapOf: {
      if (!value.object()) throw refuse();
      Object out;
      for (const auto& [name, item] : *value.object()) out[name] = convert(item, type.items[0]);
      return out;
    }
    case Type::Kind::ObjectOf: {
      if (!value.object()) throw refuse();
      Object out;
      for (const auto& [name, of] : type.members) {
        const auto it = value.object()->find(name);
        if (it == value.object()->end()) throw Error(fmt::format("the member \"{}\" is missing", name));
        out[name] = convert(it->second, of);
      }
      return out;
    }
    case Type::Kind::TupleOf: {
      if (!value.list()) throw refuse();
      if (value.list()->size() != type.items.size())
        throw Error(fmt::format("{} values are needed here, and there are {}", type.items.size(), value.list()->size()));
      List out;
      for (size_t i = 0; i < type.items.size(); ++i) out.push_back(convert((*value.list())[i], type.items[i]));
      return out;
    }
  }
  CHECK(false);
}

Value from_environment(const std::string& text, const Type& type) {
  if (type.is_simple()) return simple(text, type);
  if (type.kind == Type::Kind::Any) return text;
  if (type.kind == Type::Kind::ObjectOf)
    throw Error("a value of type object cannot be written as text", {}, "set NAME_JSON instead");
  const std::vector<std::string> fields = text.empty() ? std::vector<std::string>{} : csv_fields(text);
  if (type.kind == Type::Kind::MapOf) {
    Object out;
    for (const auto& field : fields) {
      const size_t colon = field.find(':');
      if (colon == field.npos) throw Error(fmt::format("\"{}\" is no pair of key:value", field));
      out[field.substr(0, colon)] = simple_item(field.substr(colon + 1), type);
    }
    return out;
  }
  List out;
  if (type.kind == Type::Kind::TupleOf) {
    if (fields.size() != type.items.size())
      throw Error(fmt::format("{} values are needed here, and there are {}", type.items.size(), fields.size()));
    for (size_t i = 0; i < fields.size(); ++i) out.push_back(simple(fields[i], type.items[i]));
    return out;
  }
  for (const auto& field : fields) out.push_back(simple_item(field, type));
  return convert(out, type);
}

}  // namespace slipway::bake

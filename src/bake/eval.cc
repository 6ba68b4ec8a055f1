#include "bake/eval.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "base/text.h"
#include "bake/functions.h"
#include "bake/types.h"

namespace slipway::bake {
namespace {

using Kind = Expr::Kind;

constexpr size_t kMaxItems = 1000000;         // in what for and splats make
constexpr size_t kMaxText = 64u << 20;        // bytes of one string

class Evaluator {
 public:
  explicit Evaluator(World& world) : world_(world) {}

  Value eval(const Expr& expr, const Scope& scope) {
    try {
      return eval_at(expr, scope);
    } catch (Error& error) {
      locate(error, expr.span);
      throw;
    }
  }

 private:
  Value eval_at(const Expr& expr, const Scope& scope) {
    switch (expr.kind) {
      case Kind::Literal: return expr.literal;
      case Kind::Template: return text_of(expr, scope);
      case Kind::Variable: return variable(expr, scope);
      case Kind::Attribute:
        if (auto value = of_block(expr, scope)) return *value;
        return member(eval(*expr.kids[0], scope), expr.name);
      case Kind::Index:
        if (auto value = of_block(expr, scope)) return *value;
        return index(eval(*expr.kids[0], scope), eval(*expr.kids[1], scope));
      case Kind::Splat: return splat(expr, scope);
      case Kind::SplatItem: {
        const Value* item = scope.item();
        CHECK(item);
        return *item;
      }
      case Kind::Call: return call(expr, scope);
      case Kind::Unary: {
        const Value value = eval(*expr.kids[0], scope);
        if (expr.name == "!") return !to_bool(value);
        return -to_number(value);
      }
      case Kind::Binary: return binary(expr, scope);
      case Kind::Conditional: return eval(*expr.kids[to_bool(condition(expr, scope)) ? 1 : 2], scope);
      case Kind::Items: {
        List out;
        for (const auto& kid : expr.kids) out.push_back(eval(*kid, scope));
        return out;
      }
      case Kind::Members: {
        Object out;
        for (size_t i = 0; i + 1 < expr.kids.size(); i += 2) {
          const std::string name = at(*expr.kids[i], [&] { return to_text(eval(*expr.kids[i], scope)); });
          out[name] = eval(*expr.kids[i + 1], scope);
        }
        return out;
      }
      case Kind::ForTuple: return for_tuple(expr, scope);
      case Kind::ForObject: return for_object(expr, scope);
      case Kind::TemplateFor: {
        std::string out;
        each(expr, scope, [&](const Scope& inner) { append(out, eval(*expr.kids[1], inner)); });
        return out;
      }
    }
    CHECK(false);
  }

  /// A conversion that goes wrong is shown at `expr`.
  template <class Work>
  static auto at(const Expr& expr, const Work& work) -> decltype(work()) {
    try {
      return work();
    } catch (Error& error) {
      locate(error, expr.span);
      throw;
    }
  }

  Value condition(const Expr& expr, const Scope& scope) {
    Value value = eval(*expr.kids[0], scope);
    at(*expr.kids[0], [&] { return to_bool(value); });
    return value;
  }

  static void append(std::string& out, const Value& value) {
    out += to_text(value);
    if (out.size() > kMaxText) throw Error("this text grows too long");
  }

  Value text_of(const Expr& expr, const Scope& scope) {
    if (expr.kids.size() == 1) return eval(*expr.kids[0], scope);
    std::string out;
    for (const auto& kid : expr.kids) {
      const Value value = eval(*kid, scope);
      at(*kid, [&] {
        if (value.is_null()) throw Error("null cannot stand in a text", {}, "test it first: x != null ? x : \"\"");
        append(out, value);
      });
    }
    return out;
  }

  Value variable(const Expr& expr, const Scope& scope) {
    if (const Value* found = scope.find(expr.name)) return *found;
    if (auto value = world_.variable(expr.name)) return *value;
    std::vector<std::string> known = world_.variables();
    for (const Scope* s = &scope; s; s = s->parent)
      for (const auto& [name, value] : s->names) known.push_back(name);
    const auto near = closest(expr.name, known);
    throw error_at(expr.span, fmt::format("there is no variable \"{}\"", expr.name),
                   near ? fmt::format("did you mean {}?", *near) : "declare it: variable \"" + expr.name + "\" {}");
  }

  /// target.NAME and target.NAME.ATTRIBUTE, of which only what is asked for is evaluated.
  std::optional<Value> of_block(const Expr& expr, const Scope& scope) {
    std::vector<std::string> steps;
    const Expr* root = &expr;
    for (; root->kind == Kind::Attribute || root->kind == Kind::Index; root = root->kids[0].get()) {
      if (steps.size() == 2) return std::nullopt;
      if (root->kind == Kind::Index && root->kids[1]->kind != Kind::Literal && root->kids[1]->kind != Kind::Template &&
          root->kids[1]->kind != Kind::Variable)
        return std::nullopt;
      steps.push_back(root->kind == Kind::Attribute ? root->name : "");
      if (root->kind == Kind::Index) {
        const Value key = eval(*root->kids[1], scope);
        if (!key.text()) return std::nullopt;
        steps.back() = *key.text();
      }
    }
    if (root->kind != Kind::Variable || scope.find(root->name)) return std::nullopt;
    return world_.block(root->name, steps.back(), steps.size() == 2 ? steps.front() : "");
  }

  static Value member(const Value& object, const std::string& name) {
    if (object.is_null()) throw Error(fmt::format("null has no attribute \"{}\"", name));
    if (!object.object())
      throw Error(fmt::format("a value of kind {} has no attribute \"{}\"", kind_name(object), name));
    const auto it = object.object()->find(name);
    if (it != object.object()->end()) return it->second;
    std::vector<std::string> known;
    for (const auto& [key, value] : *object.object()) known.push_back(key);
    const auto near = closest(name, known);
    throw Error(fmt::format("there is no attribute \"{}\"", name), {},
                near ? fmt::format("did you mean {}?", *near) : known.empty() ? "" : fmt::format("there are: {}", join(known, ", ")));
  }

  static Value index(const Value& object, const Value& key) {
    if (object.object()) return member(object, to_text(key));
    if (!object.list()) throw Error(fmt::format("a value of kind {} has no items", kind_name(object)));
    const double n = to_number(key);
    const auto& items = *object.list();
    if (n < 0 || n != std::floor(n) || n >= static_cast<double>(items.size()))
      throw Error(fmt::format("there is no item {}: the list has {}", number_text(n), items.size()), {}, "items count from 0");
    return items[static_cast<size_t>(n)];
  }

  Value splat(const Expr& expr, const Scope& scope) {
    const Value source = eval(*expr.kids[0], scope);
    List items;
    if (const auto* list = source.list()) items = *list;
    else if (!source.is_null()) items = {source};
    List out;
    for (const auto& item : items) {
      Scope inner{.parent = &scope};
      inner.splat_item = &item;
      out.push_back(eval(*expr.kids[1], inner));
    }
    return out;
  }

  Value binary(const Expr& expr, const Scope& scope) {
    const std::string& op = expr.name;
    const Value left = eval(*expr.kids[0], scope);
    if (op == "&&" || op == "||") {
      const bool a = at(*expr.kids[0], [&] { return to_bool(left); });
      const Value right = eval(*expr.kids[1], scope);
      const bool b = at(*expr.kids[1], [&] { return to_bool(right); });
      return op == "&&" ? a && b : a || b;
    }
    const Value right = eval(*expr.kids[1], scope);
    if (op == "==") return equal(left, right);
    if (op == "!=") return !equal(left, right);
    const double a = at(*expr.kids[0], [&] { return to_number(left); });
    const double b = at(*expr.kids[1], [&] { return to_number(right); });
    if (op == "<") return a < b;
    if (op == ">") return a > b;
    if (op == "<=") return a <= b;
    if (op == ">=") return a >= b;
    if (op == "+") return a + b;
    if (op == "-") return a - b;
    if (op == "*") return a * b;
    if (b == 0) throw error_at(expr.kids[1]->span, "division by zero");
    return op == "/" ? a / b : std::fmod(a, b);
  }

  /// As HCL has it, "1" == 1 is false, but a string and a boolean or number are never compared by people on purpose.
  static bool equal(const Value& a, const Value& b) { return a == b; }

  /// `work` for each item of what for goes through.
  template <class Work>
  void each(const Expr& expr, const Scope& scope, const Work& work) {
    const Value source = eval(*expr.kids[0], scope);
    const auto with = [&](Value key, const Value& item) {
      if (++items_ > kMaxItems) throw Error("for goes through too many items");
      Scope inner{.parent = &scope};
      if (!expr.key.empty()) inner.names[expr.key] = std::move(key);
      inner.names[expr.item] = item;
      work(inner);
    };
    if (const auto* list = source.list()) {
      for (size_t i = 0; i < list->size(); ++i) with(static_cast<double>(i), (*list)[i]);
    } else if (const auto* object = source.object()) {
      for (const auto& [key, item] : *object) with(key, item);
    } else {
      throw error_at(expr.kids[0]->span, fmt::format("for goes through lists and objects, and this is {}",
                                                     source.is_null() ? "null" : fmt::format("a {}", kind_name(source))));
    }
  }

  Value for_tuple(const Expr& expr, const Scope& scope) {
    List out;
    each(expr, scope, [&](const Scope& inner) {
      if (expr.kids.size() < 3 || to_bool(eval(*expr.kids[2], inner))) out.push_back(eval(*expr.kids[1], inner));
    });
    return out;
  }

  Value for_object(const Expr& expr, const Scope& scope) {
    Object out;
    each(expr, scope, [&](const Scope& inner) {
      if (expr.kids.size() > 3 && !to_bool(eval(*expr.kids[3], inner))) return;
      const std::string key = at(*expr.kids[1], [&] { return to_text(eval(*expr.kids[1], inner)); });
      Value value = eval(*expr.kids[2], inner);
      if (expr.flag) {
        Value& group = out[key];
        if (group.is_null()) group = List{};
        std::get<List>(group.data).push_back(std::move(value));
      } else if (!out.emplace(key, std::move(value)).second) {
        throw error_at(expr.kids[1]->span, fmt::format("two items have the key \"{}\"", key),
                       "write ... behind the value to group them");
      }
    });
    return out;
  }

  Value call(const Expr& expr, const Scope& scope) {
    if (expr.name == "try" || expr.name == "can") return attempt(expr, scope);
    if (expr.name == "convert") {
      if (expr.kids.size() != 2) throw Error("convert takes a value and a type");
      return convert(eval(*expr.kids[0], scope), parse_type(*expr.kids[1]));
    }
    std::vector<Value> arguments;
    for (const auto& kid : expr.kids) arguments.push_back(eval(*kid, scope));
    if (expr.flag) {
      if (!arguments.back().list()) throw error_at(expr.kids.back()->span, "... expands a list, and this is none");
      const List more = *arguments.back().list();
      arguments.pop_back();
      arguments.insert(arguments.end(), more.begin(), more.end());
    }
    try {
      if (const Function* function = find_function(expr.name)) return call_function(*function, arguments);
    } catch (Error& error) {
      throw error.while_doing(fmt::format("in {}()", expr.name));
    }
    if (const auto result = world_.call(expr.name, arguments)) return *result;
    std::vector<std::string> known = function_names();
    for (auto& name : world_.functions()) known.push_back(std::move(name));
    const auto near = closest(expr.name, known);
    throw Error(fmt::format("there is no function \"{}\"", expr.name), {},
                near ? fmt::format("did you mean {}?", *near) : "docs/bake.md lists the functions there are");
  }

  Value attempt(const Expr& expr, const Scope& scope) {
    const bool asks = expr.name == "can";
    if (expr.kids.empty() || (asks && expr.kids.size() != 1))
      throw Error(asks ? "can takes one argument" : "try takes at least one argument");
    for (size_t i = 0; i < expr.kids.size(); ++i) {
      try {
        const Value value = eval(*expr.kids[i], scope);
        return asks ? Value(true) : value;
      } catch (const Error&) {
        if (!asks && i + 1 == expr.kids.size()) throw;
      }
    }
    return false;
  }

  World& world_;
  size_t items_ = 0;
};

}  // namespace

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope; scope = scope->parent)
    if (const auto it = scope->names.find(name); it != scope->names.end()) return &it->second;
  return nullptr;
}

const Value* Scope::item() const {
  for (const Scope* scope = this; scope; scope = scope->parent)
    if (scope->splat_item) return scope->splat_item;
  return nullptr;
}

Value evaluate(const Expr& expr, const Scope& scope, World& world) { return Evaluator(world).eval(expr, scope); }

}  // namespace slipway::bake

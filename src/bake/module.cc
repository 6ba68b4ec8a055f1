#include "bake/module.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "bake/functions.h"
#include "json/json.h"

namespace slipway::bake {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"target", "group", "variable", "function"};
constexpr size_t kMaxElements = 10000;  // of a matrix

/// The name that a parameter of a function is written as: a bare word, or in JSON a string.
std::optional<std::string> word_of(const Expr& expr) {
  if (expr.kind == Expr::Kind::Variable) return expr.name;
  if (expr.kind == Expr::Kind::Template && expr.kids.size() == 1) return word_of(*expr.kids[0]);
  if (expr.kind == Expr::Kind::Literal && expr.literal.text()) return *expr.literal.text();
  return std::nullopt;
}

void check_attributes(const Block& block, std::initializer_list<std::string_view> known, std::vector<Error>& mistakes) {
  const std::vector<std::string> names(known.begin(), known.end());
  for (const auto& attribute : block.body.attributes) {
    if (std::ranges::find(names, attribute.name) != names.end()) continue;
    const auto near = closest(attribute.name, names);
    mistakes.push_back(error_at(attribute.span, fmt::format("a {} has no attribute \"{}\"", block.type, attribute.name),
                                near ? fmt::format("did you mean {}?", *near) : fmt::format("there are: {}", join(names, ", "))));
  }
}

}  // namespace

bool is_valid_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

Module::Module(std::vector<Document> documents, std::map<std::string, std::string> builtins, Overrides overrides)
    : documents_(std::move(documents)), builtins_(std::move(builtins)), overrides_(std::move(overrides)) {
  for (const auto& document : documents_) {
    for (const auto& attribute : document.body.attributes) attributes_[attribute.name] = &attribute;
    for (const auto& block : document.body.blocks) {
      if (block.labels.size() != 1) continue;
      if (block.type == "variable") variable_blocks_[block.labels[0]] = &block;
      if (block.type == "function") function_blocks_[block.labels[0]] = &block;
    }
  }
}

std::vector<Error> Module::check() {
  std::vector<Error> out;
  const auto attempt = [&](const auto& work) {
    try {
      work();
    } catch (Error& error) {
      out.push_back(std::move(error));
    }
  };
  for (const auto& document : documents_) {
    out.insert(out.end(), document.mistakes.begin(), document.mistakes.end());
    for (const auto& block : document.body.blocks) {
      if (std::ranges::find(kTypes, block.type) == kTypes.end()) {
        const auto near = closest(block.type, std::vector<std::string>(kTypes.begin(), kTypes.end()));
        out.push_back(error_at(block.span, fmt::format("there is no kind of block \"{}\"", block.type),
                               near ? fmt::format("did you mean {}?", *near) : "there are target, group, variable and function"));
      } else if (block.labels.size() != 1) {
        out.push_back(error_at(block.span, fmt::format("a {} has one name", block.type),
                               fmt::format("write {} \"name\" {{ ... }}", block.type)));
      }
    }
  }
  // What follows from a line that was not understood would only confuse.
  if (!out.empty()) return out;
  for (const auto& [name, block] : variable_blocks_) {
    check_attributes(*block, {"default", "type", "description"}, out);
    attempt([&] { variable(name); });
    if (out.empty()) validate(*block, out);
  }
  for (const auto& [name, block] : function_blocks_) {
    check_attributes(*block, {"params", "variadic_params", "result"}, out);
    attempt([&] { function_of(*block); });
  }
  for (const auto& [name, attribute] : attributes_) attempt([&] { variable(name); });
  return out;
}

void Module::validate(const Block& block, std::vector<Error>& mistakes) {
  for (const auto& rule : block.body.blocks) {
    if (rule.type != "validation") {
      mistakes.push_back(error_at(rule.span, fmt::format("a variable has no block \"{}\"", rule.type), "there is validation"));
      continue;
    }
    const auto* condition = rule.body.attribute("condition");
    const auto* message = rule.body.attribute("error_message");
    if (!condition || !message) {
      mistakes.push_back(error_at(rule.span, "a validation has a condition and an error_message"));
      continue;
    }
    try {
      const Scope scope;
      const Value holds = evaluate(*condition->value, scope, *this);
      if (!holds.is_null() && to_bool(holds)) continue;
      Error error = error_at(condition->value->span, to_text(evaluate(*message->value, scope, *this)));
      mistakes.push_back(error.while_doing(fmt::format("while checking the variable {}", block.labels[0])));
    } catch (Error& error) {
      mistakes.push_back(std::move(error));
    }
  }
}

std::optional<Value> Module::variable(const std::string& name) {
  if (const auto it = builtins_.find(name); it != builtins_.end()) return it->second;
  if (const auto it = values_.find(name); it != values_.end()) return it->second;
  const auto attribute = attributes_.find(name);
  const auto block = variable_blocks_.find(name);
  if (attribute == attributes_.end() && block == variable_blocks_.end()) return std::nullopt;
  const Span& span = attribute != attributes_.end() ? attribute->second->span : block->second->span;
  if (!in_progress_.insert(name).second) throw error_at(span, fmt::format("the variable {} is made of itself", name));
  Value value;
  try {
    value = evaluate_variable(name);
  } catch (Error& error) {
    in_progress_.erase(name);
    locate(error, span);
    throw;
  }
  in_progress_.erase(name);
  return values_[name] = std::move(value);
}

Value Module::evaluate_variable(const std::string& name) {
  const auto attribute = attributes_.find(name);
  const auto declared = variable_blocks_.find(name);
  const Scope scope;
  if (declared == variable_blocks_.end()) return evaluate(*attribute->second->value, scope, *this);
  const Block& block = *declared->second;
  std::optional<Type> type;
  if (const auto* constraint = block.body.attribute("type")) type = parse_type(*constraint->value);
  const AttributeNode* given =
      attribute != attributes_.end() ? attribute->second : block.body.attribute("default");
  std::optional<Value> fallback;
  if (given) {
    fallback = evaluate(*given->value, scope, *this);
    if (type) try {
        fallback = convert(*fallback, *type);
      } catch (Error& error) {
        locate(error, given->value->span);
        throw;
      }
  }
  if (auto value = overridden(block, type, fallback)) return *value;
  if (fallback) return *fallback;
  return type ? Value() : Value("");
}

// The value of --var or the environment, in the type that the variable has or its default shows.
std::optional<Value> Module::overridden(const Block& block, const std::optional<Type>& type,
                                        const std::optional<Value>& fallback) {
  const std::string& name = block.labels[0];
  const std::string in_json = name + "_JSON";
  const auto plain = overrides_(name);
  std::optional<std::string> json;
  if ((!plain || type) && !variable_blocks_.contains(in_json) && !builtins_.contains(in_json)) json = overrides_(in_json);
  if (!plain && !json) return std::nullopt;
  try {
    if (json && type) return convert(from_json(json::parse(*json, in_json)), *type);
    const std::string& text = json ? *json : *plain;
    if (type) return from_environment(text, *type);
    if (!fallback || fallback->is_null() || fallback->text()) return text;
    if (fallback->boolean()) return from_environment(text, {.kind = Type::Kind::Bool});
    if (fallback->number()) return from_environment(text, {.kind = Type::Kind::Number});
    // What the default holds tells nothing certain of the type: buildx takes CSV where all items are simple.
    if (fallback->list()) {
      Type tuple{.kind = Type::Kind::TupleOf};
      for (const auto& item : *fallback->list())
        tuple.items.push_back({.kind = item.boolean()  ? Type::Kind::Bool
                                       : item.number() ? Type::Kind::Number
                                                       : Type::Kind::String});
      return from_environment(text, tuple);
    }
    throw Error("a value of type object cannot be written as text", {}, "give the variable a type, and set " + in_json);
  } catch (Error& error) {
    throw error.while_doing(fmt::format("while reading {} from the environment or --var", json ? in_json : name));
  }
}

std::vector<VariableInfo> Module::list_variables() {
  std::vector<VariableInfo> out;
  for (const auto& [name, block] : variable_blocks_) {
    VariableInfo info;
    info.name = name;
    const Scope scope;
    if (const auto* text = block->body.attribute("description")) info.description = to_text(evaluate(*text->value, scope, *this));
    if (const auto* type = block->body.attribute("type")) info.type = parse_type(*type->value).name();
    const Value value = variable(name).value();
    if (!value.is_null()) info.value = value.text() ? *value.text() : json_text(value);
    out.push_back(std::move(info));
  }
  return out;
}

Module::UserFunction Module::function_of(const Block& block) const {
  UserFunction out;
  out.block = &block;
  const auto* parameters = block.body.attribute("params");
  const auto* variadic = block.body.attribute("variadic_params");
  const auto* result = block.body.attribute("result");
  if (!parameters) throw error_at(block.span, fmt::format("the function {} has no params", block.labels[0]), "write params = []");
  if (!result) throw error_at(block.span, fmt::format("the function {} has no result", block.labels[0]));
  if (parameters->value->kind != Expr::Kind::Items) throw error_at(parameters->value->span, "params is a list of names");
  const auto name_of = [](const Expr& expr) {
    if (auto word = word_of(expr)) return *word;
    throw error_at(expr.span, "the name of a parameter is a plain word");
  };
  for (const auto& kid : parameters->value->kids) out.parameters.push_back(name_of(*kid));
  if (variadic) out.variadic = name_of(*variadic->value);
  out.result = result->value;
  return out;
}

std::optional<Value> Module::call(const std::string& name, const std::vector<Value>& arguments) {
  const auto it = function_blocks_.find(name);
  if (it == function_blocks_.end()) return std::nullopt;
  const UserFunction function = function_of(*it->second);
  const size_t wanted = function.parameters.size();
  if (arguments.size() < wanted || (arguments.size() > wanted && !function.variadic))
    throw Error(fmt::format("{} takes {}{} argument{}, and there are {}", name, function.variadic ? "at least " : "", wanted,
                            wanted == 1 ? "" : "s", arguments.size()));
  if (calls_ >= 50) throw Error(fmt::format("functions call each other without an end, {} among them", name));
  Scope scope;
  for (size_t i = 0; i < wanted; ++i) scope.names[function.parameters[i]] = arguments[i];
  if (function.variadic)
    scope.names[*function.variadic] = List(arguments.begin() + static_cast<long>(wanted), arguments.end());
  struct Count {
    int& n;
    explicit Count(int& calls) : n(++calls) {}
    ~Count() { --n; }
  } const count(calls_);
  return evaluate(*function.result, scope, *this);
}

std::vector<std::string> Module::variables() const {
  std::vector<std::string> out;
  for (const auto& [name, value] : builtins_) out.push_back(name);
  for (const auto& [name, block] : variable_blocks_) out.push_back(name);
  for (const auto& [name, attribute] : attributes_) out.push_back(name);
  return out;
}

std::vector<std::string> Module::functions() const {
  std::vector<std::string> out;
  for (const auto& [name, block] : function_blocks_) out.push_back(name);
  return out;
}

const std::vector<Instance*>& Module::targets() {
  add_instances();
  return targets_;
}

const std::vector<Instance*>& Module::groups() {
  add_instances();
  return groups_;
}

void Module::add_instances() {
  if (std::exchange(has_instances_, true)) return;
  const auto add = [&](const Block& block, std::vector<Instance*>& to) {
    if (!is_valid_name(block.labels[0]))
      throw error_at(block.span, fmt::format("\"{}\" cannot be the name of a {}", block.labels[0], block.type),
                     "names have letters, digits, \"_\" and \"-\"");
    instances_.push_back({.block = &block, .name = block.labels[0]});
    to.push_back(&instances_.back());
  };
  // Names in a matrix may be made of targets without one.
  for (const bool with_matrix : {false, true})
    for (const auto& document : documents_)
      for (const auto& block : document.body.blocks) {
        const AttributeNode* matrix = block.body.attribute("matrix");
        const AttributeNode* name = block.body.attribute("name");
        if (block.type == "group" && !with_matrix) {
          for (const auto* wrong : {matrix, name})
            if (wrong) throw error_at(wrong->span, fmt::format("a group has no {}", wrong->name));
          add(block, groups_);
        }
        if (block.type != "target" || (matrix != nullptr) != with_matrix) continue;
        if (name && !matrix) throw error_at(name->span, "a name needs a matrix", "the label is the name of a target without one");
        if (matrix) expand(block);
        else add(block, targets_);
      }
}

void Module::expand(const Block& block) {
  const AttributeNode& matrix = *block.body.attribute("matrix");
  const Value value = evaluate(*matrix.value, {}, *this);
  if (!value.object()) throw error_at(matrix.value->span, "a matrix is an object of lists");
  std::vector<Scope> scopes(1);
  for (const auto& [key, items] : *value.object()) {
    if (!items.list()) throw error_at(matrix.value->span, fmt::format("\"{}\" of the matrix is no list", key));
    std::vector<Scope> next;
    for (const auto& item : *items.list())
      for (const auto& scope : scopes) {
        if (next.size() >= kMaxElements) throw error_at(matrix.value->span, "this matrix has too many elements");
        next.push_back(scope);
        next.back().names[key] = item;
      }
    scopes = std::move(next);
  }
  const AttributeNode* naming = block.body.attribute("name");
  std::set<std::string> seen;
  for (auto& scope : scopes) {
    std::string name = block.labels[0];
    if (naming) name = to_text(evaluate(*naming->value, scope, *this));
    const Span& at = naming ? naming->value->span : block.span;
    if (!is_valid_name(name))
      throw error_at(at, fmt::format("\"{}\" cannot be the name of a target", name),
                     "names have letters, digits, \"_\" and \"-\"; sanitize() replaces everything else");
    if (!seen.insert(name).second)
      throw error_at(at, fmt::format("two elements of the matrix are called \"{}\"", name),
                     "write name = \"...${...}\" with what tells them apart");
    renamed_[block.labels[0]].push_back(name);
    instances_.push_back({.block = &block, .name = name, .scope = std::move(scope)});
    targets_.push_back(&instances_.back());
  }
}

Value Module::attribute(Instance& instance, const AttributeNode& attribute) {
  if (const auto it = instance.known.find(attribute.name); it != instance.known.end()) return it->second;
  if (!instance.in_progress.insert(attribute.name).second)
    throw error_at(attribute.span, fmt::format("{}.{}.{} is made of itself", instance.block->type, instance.name, attribute.name));
  Value value;
  try {
    value = evaluate(*attribute.value, instance.scope, *this);
  } catch (const Error&) {
    instance.in_progress.erase(attribute.name);
    throw;
  }
  instance.in_progress.erase(attribute.name);
  return instance.known[attribute.name] = std::move(value);
}

std::optional<Value> Module::block(const std::string& type, const std::string& name, const std::string& attribute) {
  if (type != "target" && type != "group") return std::nullopt;
  if (variable_blocks_.contains(type) || attributes_.contains(type)) return std::nullopt;
  const auto& all = type == "target" ? targets() : groups();
  bool is_there = false;
  Object whole;
  std::optional<Value> found;
  for (Instance* instance : all) {
    if (instance->name != name) continue;
    is_there = true;
    for (const auto& node : instance->block->body.attributes) {
      if (attribute.empty()) whole[node.name] = this->attribute(*instance, node);
      else if (node.name == attribute) found = this->attribute(*instance, node);
    }
  }
  if (!is_there) {
    std::vector<std::string> names;
    for (const Instance* instance : all) names.push_back(instance->name);
    const auto near = closest(name, names);
    throw Error(fmt::format("there is no {} \"{}\"", type, name), {}, near ? fmt::format("did you mean {}?", *near) : "");
  }
  if (attribute.empty()) return whole;
  return found ? *found : Value();
}

}  // namespace slipway::bake

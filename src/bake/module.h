// HCL and JSON bake files together as one module: variables, functions and blocks, each evaluated when somebody asks for it,
// so that they may stand in any order and name each other.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bake/eval.h"
#include "bake/syntax.h"
#include "bake/types.h"

namespace slipway::bake {

/// Values from outside the files: those of --var, then the environment.
using Overrides = std::function<std::optional<std::string>(const std::string& name)>;

struct VariableInfo {
  std::string name;
  std::string type;                  // of its constraint, empty without one
  std::optional<std::string> value;  // as text or JSON; nothing for null
  std::string description;
};

/// A block, or one element of the matrix of a target.
struct Instance {
  const Block* block = nullptr;
  std::string name;
  Scope scope;
  std::map<std::string, Value> known;  // attributes that were evaluated
  std::set<std::string> in_progress;
};

class Module : public World {
 public:
  /// Documents in the order of their files. `builtins` cannot be overridden.
  Module(std::vector<Document> documents, std::map<std::string, std::string> builtins, Overrides overrides);

  /// Mistakes of syntax, and those of variables and functions that show themselves without any target.
  std::vector<Error> check();

  std::vector<VariableInfo> list_variables();
  /// In order of the files. Throws Error for names that are invalid, or the same twice in one matrix.
  const std::vector<Instance*>& targets();
  const std::vector<Instance*>& groups();
  /// Label of a target with a matrix -> the names that it became.
  const std::map<std::string, std::vector<std::string>>& renamed() const { return renamed_; }

  /// Throws Error for what the expression does wrong, and for circles.
  Value attribute(Instance& instance, const AttributeNode& attribute);

  std::optional<Value> variable(const std::string& name) override;
  std::optional<Value> block(const std::string& type, const std::string& name, const std::string& attribute) override;
  std::optional<Value> call(const std::string& function, const std::vector<Value>& arguments) override;
  std::vector<std::string> variables() const override;
  std::vector<std::string> functions() const override;

 private:
  struct UserFunction {
    const Block* block = nullptr;
    std::vector<std::string> parameters;
    std::optional<std::string> variadic;
    ExprPtr result;
  };

  void add_instances();
  void expand(const Block& block);
  Value evaluate_variable(const std::string& name);
  std::optional<Value> overridden(const Block& block, const std::optional<Type>& type, const std::optional<Value>& fallback);
  void validate(const Block& block, std::vector<Error>& mistakes);
  UserFunction function_of(const Block& block) const;

  const std::vector<Document> documents_;
  const std::map<std::string, std::string> builtins_;
  const Overrides overrides_;
  std::map<std::string, const Block*> variable_blocks_, function_blocks_;
  std::map<std::string, const AttributeNode*> attributes_;
  std::map<std::string, Value> values_;
  std::set<std::string> in_progress_;
  int calls_ = 0;
  bool has_instances_ = false;
  std::deque<Instance> instances_;
  std::vector<Instance*> targets_, groups_;
  std::map<std::string, std::vector<std::string>> renamed_;
};

/// Letters, digits, "_" and "-": what names of targets and groups are made of.
bool is_valid_name(std::string_view name);

}  // namespace slipway::bake

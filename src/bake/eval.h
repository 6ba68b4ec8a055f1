// Expressions -> values. Names that the expression does not bind itself are asked of a World, which module.cc implements.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bake/syntax.h"
#include "bake/value.h"

namespace slipway::bake {

/// What expressions can name.
class World {
 public:
  virtual ~World() = default;
  /// A variable or global attribute; nullopt if there is none.
  virtual std::optional<Value> variable(const std::string& name) = 0;
  /// An attribute of a block ("target", "app", "tags"), or with an empty `attribute` all of them; nullopt if `type` names no
  /// kind of block. Throws Error where the block has no such attribute.
  virtual std::optional<Value> block(const std::string& type, const std::string& name, const std::string& attribute) = 0;
  /// The result of a function of the file; nullopt if there is none.
  virtual std::optional<Value> call(const std::string& function, const std::vector<Value>& arguments) = 0;
  /// For "did you mean".
  virtual std::vector<std::string> variables() const = 0;
  virtual std::vector<std::string> functions() const = 0;
};

/// The names that for expressions, functions and the matrix bind.
struct Scope {
  const Scope* parent = nullptr;
  std::map<std::string, Value> names;
  const Value* splat_item = nullptr;

  const Value* find(const std::string& name) const;
  const Value* item() const;
};

/// Throws Error with the place.
Value evaluate(const Expr& expr, const Scope& scope, World& world);

}  // namespace slipway::bake

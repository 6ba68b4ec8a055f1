// Bake files as syntax trees. HCL and JSON become the same tree: parse_hcl.cc and parse_json.cc make it, module.cc and
// eval.cc read it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "bake/text.h"
#include "bake/value.h"

namespace slipway::bake {

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

struct Expr {
  enum class Kind {
    Literal,      // `literal`
    Template,     // kids side by side as one string; a single kid is itself, whatever its kind
    Variable,     // `name`
    Attribute,    // kids[0].name
    Index,        // kids[0][kids[1]]
    Splat,        // kids[0][*] and what follows it: kids[1], where SplatItem stands for each item
    SplatItem,
    Call,         // name(kids...); `flag`: the last one is a list of further arguments
    Unary,        // name kids[0]
    Binary,       // kids[0] name kids[1]
    Conditional,  // kids[0] ? kids[1] : kids[2]
    Items,        // [kids...]
    Members,      // {kids[0] = kids[1], kids[2] = kids[3] ...}
    ForTuple,     // [for key, item in kids[0] : kids[1] if kids[2]]
    ForObject,    // {for key, item in kids[0] : kids[1] => kids[2] if kids[3]}; `flag`: with "..."
    TemplateFor,  // %{for key, item in kids[0]}kids[1]%{endfor}
  };
  Kind kind = Kind::Literal;
  Span span;
  Value literal;
  std::string name;
  std::vector<ExprPtr> kids;
  bool flag = false;
  std::string key, item;  // the variables of for; `key` may be empty
};

struct AttributeNode {
  std::string name;
  Span span;  // of the name
  ExprPtr value;
};

struct Block;

struct Body {
  std::vector<AttributeNode> attributes;
  std::vector<Block> blocks;

  const AttributeNode* attribute(std::string_view name) const;  // the last of that name; nullptr if there is none
};

struct Block {
  std::string type;  // target, group, variable, function, validation
  std::vector<std::string> labels;
  Span span;  // of the type and labels
  Body body;
};

/// One file. Mistakes do not end the reading: everything that can be understood is in `body`.
struct Document {
  std::shared_ptr<const Text> text;
  Body body;
  std::vector<Error> mistakes;
};

/// HCL's native syntax (https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md).
Document parse_hcl(std::string name, std::string bytes);
/// HCL's JSON syntax: strings are templates.
Document parse_json(std::string name, std::string bytes);
/// An expression alone; throws Error.
ExprPtr parse_expression(const Text& text);
/// The template in a JSON string, whose parts all stand at `span`.
ExprPtr parse_template(const std::string& text, const Span& span);

/// Bytes that begin like a JSON object.
bool looks_like_json(std::string_view bytes);

/// Nesting deeper than this is refused.
constexpr int kMaxDepth = 100;

}  // namespace slipway::bake

// Bake files in JSON as the same tree as HCL. They are read with the reader of YAML, of which JSON is a part, because that one
// knows where everything stands.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "bake/syntax.h"
#include "json/json.h"
#include "yaml/yaml.h"

namespace slipway::bake {
namespace {

constexpr std::array<std::string_view, 4> kBlocks = {"target", "group", "variable", "function"};

class JsonReader {
 public:
  explicit JsonReader(Document& out) : out_(out) {}

  void file(const yaml::Node& root) {
    if (!root.is_mapping()) {
      out_.mistakes.push_back(error_at(span(root), "a bake file in JSON is an object"));
      return;
    }
    for (const auto& [key, value] : root.members) {
      if (std::ranges::find(kBlocks, key->text) != kBlocks.end()) {
        for (const yaml::Node* part : one_or_more(*value)) labelled(key->text, *part);
      } else {
        attempt([&, key = key, value = value] {
          out_.body.attributes.push_back({key->text, span(*key), expression(*value)});
        });
      }
    }
  }

 private:
  Span span(const yaml::Node& node) const { return {out_.text.get(), node.begin, std::max(node.end, node.begin + 1)}; }

  template <class Work>
  void attempt(const Work& work) {
    try {
      work();
    } catch (Error& error) {
      out_.mistakes.push_back(std::move(error));
    }
  }

  static std::vector<const yaml::Node*> one_or_more(const yaml::Node& node) {
    return node.is_sequence() ? node.items : std::vector<const yaml::Node*>{&node};
  }

  /// {"name": {...}, "other": [{...}, {...}]} of blocks of one type.
  void labelled(const std::string& type, const yaml::Node& node) {
    if (!node.is_mapping()) {
      out_.mistakes.push_back(error_at(span(node), fmt::format("\"{}\" is an object with a member for each {}", type, type)));
      return;
    }
    for (const auto& [key, value] : node.members)
      for (const yaml::Node* part : one_or_more(*value)) out_.body.blocks.push_back(block(type, *key, *part));
  }

  Block block(const std::string& type, const yaml::Node& key, const yaml::Node& node) {
    Block out;
    out.type = type;
    out.span = span(key);
    if (type != "validation") out.labels.push_back(key.text);
    if (!node.is_mapping()) {
      out_.mistakes.push_back(error_at(span(node), fmt::format("a {} is an object", type)));
      return out;
    }
    for (const auto& [name, value] : node.members) {
      if (type == "variable" && name->text == "validation") {
        for (const yaml::Node* part : one_or_more(*value)) out.body.blocks.push_back(block("validation", *name, *part));
        continue;
      }
      attempt([&, name = name, value = value] {
        // A type is an expression in a string.
        const bool is_type = type == "variable" && name->text == "type" && value->is_scalar();
        ExprPtr expr = is_type ? parse_template("${" + value->text + "}", span(*value)) : expression(*value);
        out.body.attributes.push_back({name->text, span(*name), std::move(expr)});
      });
    }
    return out;
  }

  ExprPtr expression(const yaml::Node& node) {
    auto out = std::make_shared<Expr>();
    out->span = span(node);
    if (node.is_sequence()) {
      out->kind = Expr::Kind::Items;
      for (const yaml::Node* item : node.items) out->kids.push_back(expression(*item));
    } else if (node.is_mapping()) {
      out->kind = Expr::Kind::Members;
      for (const auto& [key, value] : node.members) {
        out->kids.push_back(parse_template(key->text, span(*key)));
        out->kids.push_back(expression(*value));
      }
    } else if (!node.is_plain) {
      return parse_template(node.text, span(node));
    } else if (node.text == "true" || node.text == "false") {
      out->literal = node.text == "true";
    } else if (node.text != "null") {
      out->literal = to_number(Value(node.text));
    }
    return out;
  }

  Document& out_;
};

}  // namespace

bool looks_like_json(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != bytes.npos && bytes[first] == '{';
}

Document parse_json(std::string name, std::string bytes) {
  Document out;
  out.text = std::make_shared<const Text>(Text{std::move(name), std::move(bytes)});
  try {
    const yaml::Document document = yaml::parse(out.text->bytes, out.text->name);
    json::parse(out.text->bytes, out.text->name);  // not everything that is YAML is JSON
    JsonReader(out).file(document.root());
  } catch (Error& error) {
    out.mistakes.push_back(std::move(error));
  }
  return out;
}

}  // namespace slipway::bake

// Bodies and expressions of HCL.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "bake/hcl_parser.h"

namespace slipway::bake {
namespace {

constexpr size_t kMaxMistakes = 20;
constexpr int kMaxOperators = 500;  // in a row: they nest

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80); }
bool is_name(char c) { return is_letter(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '-'; }

struct Operator {
  std::string_view text;
  int level;
};
// Longer ones first.
constexpr Operator kOperators[] = {{"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {">=", 4}, {"<=", 4}, {">", 4},
                                   {"<", 4},  {"+", 5},  {"-", 5},  {"*", 6},  {"/", 6},  {"%", 6}};

}  // namespace

HclParser::Level::Level(HclParser& parser) : parser_(parser) {
  if (++parser.depth_ <= kMaxDepth) return;
  --parser.depth_;
  parser.fail(parser.pos_, parser.pos_ + 1, fmt::format("nested deeper than {} levels", kMaxDepth));
}

std::shared_ptr<Expr> HclParser::make(Expr::Kind kind, Span span, std::vector<ExprPtr> kids, std::string name) {
  auto out = std::make_shared<Expr>();
  out->kind = kind;
  out->span = span;
  out->kids = std::move(kids);
  out->name = std::move(name);
  return out;
}

void HclParser::fail(size_t begin, size_t end, std::string what, std::string hint) const {
  throw error_at(fixed_ ? *fixed_ : Span{&text_, begin, end}, std::move(what), std::move(hint));
}

void HclParser::unexpected(const char* wanted) const {
  if (at_end()) fail(in_.size(), in_.size(), fmt::format("the file ends where {} should be", wanted));
  if (peek() == '\n' || peek() == '\r') fail(pos_, pos_ + 1, fmt::format("the line ends where {} should be", wanted));
  if (peek() == '\'')
    fail(pos_, pos_ + 1, fmt::format("a single quote where {} should be", wanted), "strings stand in double quotes");
  size_t end = pos_ + 1;
  if (is_name(peek()))
    while (end < in_.size() && is_name(in_[end])) ++end;
  fail(pos_, end, fmt::format("\"{}\" where {} should be", in_.substr(pos_, end - pos_), wanted));
}

void HclParser::skip() {
  while (!at_end()) {
    const char c = peek();
    if (c == ' ' || c == '\t' || (lines_are_blanks_ && (c == '\n' || c == '\r'))) {
      ++pos_;
    } else if (c == '#' || starts("//")) {
      while (!at_end() && peek() != '\n') ++pos_;
    } else if (starts("/*")) {
      const size_t end = in_.find("*/", pos_ + 2);
      if (end == in_.npos) fail(pos_, pos_ + 2, "this comment has no end", "close it with */");
      pos_ = end + 2;
    } else {
      return;
    }
  }
}

void HclParser::skip_with_lines() {
  const Lines lines(*this, true);
  skip();
}

bool HclParser::accept(std::string_view word) {
  if (!starts(word)) return false;
  pos_ += word.size();
  return true;
}

void HclParser::expect(std::string_view word, const char* where) {
  skip();
  if (!accept(word)) unexpected(fmt::format("\"{}\" {}", word, where).c_str());
}

bool HclParser::keyword(std::string_view word) {
  if (!starts(word) || is_name(peek(word.size()))) return false;
  pos_ += word.size();
  return true;
}

bool HclParser::at_identifier() const { return is_letter(peek()); }

std::string HclParser::identifier(const char* what) {
  skip();
  if (!at_identifier()) unexpected(what);
  const size_t begin = pos_;
  while (is_name(peek())) ++pos_;
  return in_.substr(begin, pos_ - begin);
}

bool HclParser::line_end() {
  skip();
  if (peek() == '\r' && peek(1) == '\n') ++pos_;
  return at_end() || accept("\n") || peek() == '}';
}

Body HclParser::body(std::vector<Error>& mistakes) {
  if (starts("\xef\xbb\xbf")) pos_ += 3;
  Body out;
  statements(out, false, mistakes, 0);
  return out;
}

// Attributes and blocks up to the end of the file, or of the block. Reading goes on behind a mistake.
void HclParser::statements(Body& body, bool is_nested, std::vector<Error>& mistakes, int depth) {
  while (mistakes.size() < kMaxMistakes) {
    try {
      skip_with_lines();
      if (at_end()) return;
      if (peek() == '}') {
        if (is_nested) return;
        ++pos_;
        fail(pos_ - 1, pos_, "this } closes nothing");
      }
      statement(body, mistakes, depth);
    } catch (Error& error) {
      mistakes.push_back(std::move(error));
      skip_statement();
    }
  }
}

void HclParser::statement(Body& body, std::vector<Error>& mistakes, int depth) {
  const size_t begin = pos_;
  lines_are_blanks_ = false;
  std::string name;
  if (peek() == '"') {  // "key" = value is what people write who think of JSON
    fail(pos_, pos_ + 1, "a name should be here, without quotes");
  }
  name = identifier("the name of an attribute or block");
  const Span named = span_from(begin);
  skip();
  if (peek() == '=' && peek(1) != '=') {
    ++pos_;
    auto value = expression();
    if (!line_end()) unexpected("the end of the line");
    const auto twice = std::ranges::find(body.attributes, name, &AttributeNode::name);
    if (twice != body.attributes.end() && depth > 0)
      mistakes.push_back(error_at(named, fmt::format("{} is there twice", name), "only one of them would count"));
    body.attributes.push_back({std::move(name), named, std::move(value)});
    return;
  }
  Block block;
  block.type = std::move(name);
  while (peek() != '{') {
    if (at_identifier()) {
      block.labels.push_back(identifier("a label"));
    } else if (peek() == '"') {
      const auto label = quoted();
      if (label->kind != Expr::Kind::Literal) throw error_at(label->span, "a label cannot have ${...}");
      block.labels.push_back(to_text(label->literal));
    } else {
      unexpected(block.labels.empty() ? "= or {" : "{");
    }
    block.span = span_from(begin);
    skip();
  }
  if (block.labels.empty()) block.span = named;
  const size_t opened = pos_++;
  if (depth >= 3) fail(opened, opened + 1, "blocks do not nest this deep");
  statements(block.body, true, mistakes, depth + 1);
  if (mistakes.size() >= kMaxMistakes) return;
  if (peek() != '}') {
    mistakes.push_back(error_at(block.span, fmt::format("this {} block has no }} at its end", block.type)));
    return;
  }
  ++pos_;
  body.blocks.push_back(std::move(block));
  if (!line_end()) unexpected("the end of the line");
}

// Behind a mistake: to the next line on which no bracket is open.
void HclParser::skip_statement() {
  lines_are_blanks_ = false;
  depth_ = 0;
  int open = 0;
  while (!at_end()) {
    const char c = peek();
    if (c == '"') {
      for (++pos_; !at_end() && peek() != '"' && peek() != '\n'; ++pos_)
        if (peek() == '\\') ++pos_;
      if (peek() == '"') ++pos_;
      continue;
    }
    if (c == '}' && open == 0) return;
    if (c == '{' || c == '[' || c == '(') ++open;
    if (c == '}' || c == ']' || c == ')') --open;
    ++pos_;
    if (c == '\n' && open <= 0) return;
  }
  pos_ = std::min(pos_, in_.size());
}

ExprPtr HclParser::lone_expression() {
  lines_are_blanks_ = true;
  auto out = expression();
  skip();
  if (!at_end()) unexpected("the end");
  return out;
}

ExprPtr HclParser::expression() {
  const Level level(*this);
  skip();
  const size_t begin = pos_;
  auto condition = binary(1);
  skip();
  if (peek() != '?') return condition;
  ++pos_;
  auto yes = expression();
  expect(":", "between the two results of a condition");
  auto no = expression();
  return make(Expr::Kind::Conditional, span_from(begin), {std::move(condition), std::move(yes), std::move(no)});
}

ExprPtr HclParser::binary(int level) {
  if (level > 6) return unary();
  skip();
  const size_t begin = pos_;
  auto left = binary(level + 1);
  for (int count = 0;; ++count) {
    skip();
    const auto found = std::ranges::find_if(kOperators, [&](const Operator& o) { return starts(o.text); });
    if (found == std::end(kOperators) || found->level != level) return left;
    if (count == kMaxOperators) fail(pos_, pos_ + 1, fmt::format("more than {} operators in a row", kMaxOperators));
    pos_ += found->text.size();
    auto right = binary(level + 1);
    left = make(Expr::Kind::Binary, span_from(begin), {std::move(left), std::move(right)}, std::string(found->text));
  }
}

ExprPtr HclParser::unary() {
  skip();
  const size_t begin = pos_;
  if (peek() == '-' || (peek() == '!' && peek(1) != '=')) {
    const Level level(*this);
    const std::string name(1, in_[pos_++]);
    auto kid = unary();
    return make(Expr::Kind::Unary, span_from(begin), {std::move(kid)}, name);
  }
  return postfix(term());
}

ExprPtr HclParser::postfix(ExprPtr object) {
  const size_t begin = object->span.begin;
  for (int count = 0; count < kMaxOperators; ++count) {
    const size_t before = pos_;
    skip();
    if (starts("...")) return object;  // of a call or an object with grouping
    if (peek() == '.' && peek(1) == '*') {
      pos_ += 2;
      // What follows belongs to each item, up to the first index.
      ExprPtr each = make(Expr::Kind::SplatItem, span_from(begin));
      while (peek() == '.' && is_letter(peek(1))) {
        ++pos_;
        std::string name = identifier("an attribute");
        each = make(Expr::Kind::Attribute, span_from(begin), {std::move(each)}, std::move(name));
      }
      object = make(Expr::Kind::Splat, span_from(begin), {std::move(object), std::move(each)});
    } else if (peek() == '.' && std::isdigit(static_cast<unsigned char>(peek(1)))) {
      ++pos_;
      auto index = make(Expr::Kind::Literal, span_from(pos_));
      double number = 0;
      while (std::isdigit(static_cast<unsigned char>(peek()))) number = number * 10 + (in_[pos_++] - '0');
      index->literal = number;
      object = make(Expr::Kind::Index, span_from(begin), {std::move(object), std::move(index)});
    } else if (peek() == '.') {
      ++pos_;
      std::string name = identifier("the name of an attribute");
      object = make(Expr::Kind::Attribute, span_from(begin), {std::move(object)}, std::move(name));
    } else if (peek() == '[') {
      ++pos_;
      const Lines lines(*this, true);
      skip();
      if (peek() == '*') {
        ++pos_;
        expect("]", "after *");
        const Level level(*this);
        auto each = postfix(make(Expr::Kind::SplatItem, span_from(begin)));
        return make(Expr::Kind::Splat, span_from(begin), {std::move(object), std::move(each)});
      }
      auto index = expression();
      expect("]", "after the index");
      object = make(Expr::Kind::Index, span_from(begin), {std::move(object), std::move(index)});
    } else {
      pos_ = before;
      return object;
    }
  }
  fail(begin, pos_, fmt::format("more than {} steps in a row", kMaxOperators));
}

ExprPtr HclParser::term() {
  const Level level(*this);
  skip();
  const size_t begin = pos_;
  const char c = peek();
  if (std::isdigit(static_cast<unsigned char>(c))) return number();
  if (c == '"') return quoted();
  if (starts("<<")) return heredoc();
  if (c == '(') {
    ++pos_;
    const Lines lines(*this, true);
    auto inside = expression();
    expect(")", "to close this");
    // A key of an object in parentheses is an expression, not a name.
    return make(Expr::Kind::Template, span_from(begin), {std::move(inside)});
  }
  if (c == '[') return tuple();
  if (c == '{') return object();
  if (!at_identifier()) unexpected("a value");
  std::string name = identifier("a value");
  while (starts("::")) {
    pos_ += 2;
    name += "::" + identifier("the name of a function");
  }
  if (peek() == '(') return call(std::move(name), begin);
  auto literal = make(Expr::Kind::Literal, span_from(begin));
  if (name == "true" || name == "false") literal->literal = name == "true";
  else if (name != "null") return make(Expr::Kind::Variable, span_from(begin), {}, std::move(name));
  return literal;
}

ExprPtr HclParser::number() {
  const size_t begin = pos_;
  const auto digits = [&] {
    while (std::isdigit(static_cast<unsigned char>(peek()))) ++pos_;
  };
  digits();
  if (peek() == '.' && std::isdigit(static_cast<unsigned char>(peek(1)))) {
    ++pos_;
    digits();
  }
  if (peek() == 'e' || peek() == 'E') {
    ++pos_;
    if (peek() == '+' || peek() == '-') ++pos_;
    digits();
  }
  double value = 0;
  const auto read = std::from_chars(in_.data() + begin, in_.data() + pos_, value);
  if (read.ec != std::errc() || read.ptr != in_.data() + pos_ || is_letter(peek()))
    fail(begin, pos_ + 1, "this is no number");
  auto out = make(Expr::Kind::Literal, span_from(begin));
  out->literal = value;
  return out;
}

ExprPtr HclParser::call(std::string name, size_t begin) {
  ++pos_;
  const Lines lines(*this, true);
  std::vector<ExprPtr> arguments;
  bool expands = false;
  for (skip(); peek() != ')'; skip()) {
    arguments.push_back(expression());
    skip();
    if (accept("...")) {
      expands = true;
      skip();
      accept(",");
      break;
    }
    if (!accept(",")) break;
  }
  expect(")", "after the arguments of a function");
  auto out = make(Expr::Kind::Call, span_from(begin), std::move(arguments), std::move(name));
  out->flag = expands;
  return out;
}

ExprPtr HclParser::tuple() {
  const size_t begin = pos_++;
  const Lines lines(*this, true);
  skip();
  if (keyword("for")) return for_expression(begin, false);
  std::vector<ExprPtr> items;
  for (; peek() != ']'; skip()) {
    items.push_back(expression());
    skip();
    if (!accept(",")) break;
  }
  skip();
  if (!accept("]")) unexpected("a comma or ]");
  return make(Expr::Kind::Items, span_from(begin), std::move(items));
}

ExprPtr HclParser::object() {
  const size_t begin = pos_++;
  {
    const Lines lines(*this, true);
    skip();
    if (keyword("for")) return for_expression(begin, true);
  }
  std::vector<ExprPtr> members;
  while (true) {
    skip_with_lines();
    if (accept("}")) break;
    const Lines lines(*this, false);
    auto key = expression();
    // A word is a name here, also null and true.
    if (key->kind == Expr::Kind::Variable || key->kind == Expr::Kind::Literal) {
      auto name = make(Expr::Kind::Literal, key->span);
      name->literal = key->kind == Expr::Kind::Variable ? key->name : key->literal.is_null() ? "null" : to_text(key->literal);
      key = name;
    }
    skip();
    if (peek() == ':' || (peek() == '=' && peek(1) != '=')) ++pos_;
    else unexpected("= or : after the name of a member");
    members.push_back(std::move(key));
    members.push_back(expression());
    skip();
    if (accept(",") || peek() == '}') continue;
    if (peek() == '\r' && peek(1) == '\n') ++pos_;
    if (!accept("\n")) unexpected("a comma, } or the end of the line");
  }
  return make(Expr::Kind::Members, span_from(begin), std::move(members));
}

void HclParser::for_variables(std::string& key, std::string& item) {
  item = identifier("a name for the items");
  skip();
  if (accept(",")) {
    key = std::exchange(item, identifier("a name for the items"));
    skip();
  }
  if (!keyword("in")) unexpected("\"in\" after the names of for");
}

ExprPtr HclParser::for_expression(size_t begin, bool is_object) {
  auto out = make(is_object ? Expr::Kind::ForObject : Expr::Kind::ForTuple, {});
  for_variables(out->key, out->item);
  out->kids.push_back(expression());
  expect(":", "after what for goes through");
  out->kids.push_back(expression());
  skip();
  if (is_object) {
    expect("=>", "between the key and the value of each member");
    out->kids.push_back(expression());
    skip();
    out->flag = accept("...");
    skip();
  }
  if (keyword("if")) out->kids.push_back(expression());
  expect(is_object ? "}" : "]", "at the end of for");
  out->span = span_from(begin);
  return out;
}

const AttributeNode* Body::attribute(std::string_view name) const {
  const AttributeNode* out = nullptr;
  for (const auto& attribute : attributes)
    if (attribute.name == name) out = &attribute;
  return out;
}

Document parse_hcl(std::string name, std::string bytes) {
  Document out;
  out.text = std::make_shared<const Text>(Text{std::move(name), std::move(bytes)});
  out.body = HclParser(*out.text).body(out.mistakes);
  return out;
}

ExprPtr parse_expression(const Text& text) { return HclParser(text).lone_expression(); }

ExprPtr parse_template(const std::string& text, const Span& span) {
  const Text alone{span.text ? span.text->name : "", text};
  return HclParser(alone, span).lone_template();
}

}  // namespace slipway::bake

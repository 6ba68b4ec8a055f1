// What stands in quotes and heredocs: literals, ${values} and %{directives}.
#include <algorithm>
#include <cctype>

#include <fmt/core.h>

#include "bake/hcl_parser.h"
#include "base/text.h"

namespace slipway::bake {
namespace {

void append_utf8(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void trim_end(std::string& text) {
  while (!text.empty() && is_blank(text.back())) text.pop_back();
}

void trim_begin(std::string& text) {
  text.erase(0, static_cast<size_t>(std::ranges::find_if_not(text, is_blank) - text.begin()));
}

/// How far all lines of a heredoc are indented.
size_t indent_of(std::string_view text) {
  size_t out = std::string_view::npos;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const size_t first = std::min(text.find_first_not_of(" \t\r", at), end);
    if (first < end) out = std::min(out, first - at);
    at = end + 1;
  }
  return out == std::string_view::npos ? 0 : out;
}

}  // namespace

ExprPtr HclParser::quoted() {
  const size_t begin = pos_++;
  auto out = template_until(End::Quote, in_.size(), 0);
  if (!accept("\"")) fail(begin, begin + 1, "this string has no end", "strings end on the line they begin on, with \"");
  if (out->kind == Expr::Kind::Literal) {
    auto whole = std::make_shared<Expr>(*out);
    whole->span = span_from(begin);
    return whole;
  }
  return out;
}

ExprPtr HclParser::heredoc() {
  const size_t begin = pos_;
  pos_ += 2;
  const bool is_indented = accept("-");
  const std::string marker = identifier("the word that ends the text");
  if (peek() == '\r') ++pos_;
  if (!accept("\n")) unexpected("the end of the line");
  const size_t first = pos_;
  for (size_t line = first; line < in_.size();) {
    const size_t end = std::min(in_.find('\n', line), in_.size());
    if (trim(std::string_view(in_).substr(line, end - line)) == marker) {
      const size_t indent = is_indented ? indent_of(std::string_view(in_).substr(first, line - first)) : 0;
      auto out = template_until(End::Text, line, indent);
      pos_ = in_.find(marker, line) + marker.size();
      return out;
    }
    line = end + 1;
  }
  fail(begin, first, fmt::format("this text has no line with {} at its end", marker));
}

ExprPtr HclParser::lone_template() { return template_until(End::Text, in_.size(), 0); }

ExprPtr HclParser::template_until(End end, size_t stop, size_t indent) {
  const size_t begin = pos_;
  std::vector<Piece> all = pieces(end, stop, indent);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].trims_before && i > 0 && all[i - 1].kind == Piece::Kind::Literal) trim_end(all[i - 1].literal);
    if (all[i].trims_after && i + 1 < all.size() && all[i + 1].kind == Piece::Kind::Literal) trim_begin(all[i + 1].literal);
  }
  size_t next = 0;
  return assemble(all, next, Piece::Kind::Literal, span_from(begin));
}

std::vector<HclParser::Piece> HclParser::pieces(End end, size_t stop, size_t indent) {
  std::vector<Piece> out;
  bool at_line_start = true;
  while (pos_ < stop && !(end == End::Quote && (peek() == '"' || peek() == '\n'))) {
    if (starts("${")) {
      out.push_back(interpolation());
      at_line_start = false;
    } else if (starts("%{")) {
      out.push_back(directive());
      at_line_start = false;
    } else {
      const size_t begin = pos_;
      std::string text = literal(end, stop, indent, at_line_start);
      out.push_back({.kind = Piece::Kind::Literal, .span = span_from(begin), .literal = std::move(text)});
    }
  }
  if (end == End::Text && pos_ > stop) fail(stop, stop, "${ or %{ has no } before the text ends");
  return out;
}

// Up to the next piece of another kind.
std::string HclParser::literal(End end, size_t stop, size_t indent, bool& at_line_start) {
  std::string out;
  while (pos_ < stop && !starts("${") && !starts("%{")) {
    if (at_line_start && indent > 0) {
      for (size_t n = 0; n < indent && pos_ < stop && (peek() == ' ' || peek() == '\t'); ++n) ++pos_;
      at_line_start = false;
      continue;
    }
    if (end == End::Quote && (peek() == '"' || peek() == '\n')) break;
    if (starts("$${") || starts("%%{")) {
      out += in_.substr(pos_ + 1, 2);
      pos_ += 3;
    } else if (end == End::Quote && peek() == '\\') {
      escape(out);
    } else {
      at_line_start = peek() == '\n';
      out += in_[pos_++];
    }
  }
  return out;
}

void HclParser::escape(std::string& out) {
  const size_t begin = pos_;
  const char c = peek(1);
  pos_ = std::min(pos_ + 2, in_.size());
  if (c == 'n') out += '\n';
  else if (c == 'r') out += '\r';
  else if (c == 't') out += '\t';
  else if (c == '"' || c == '\\') out += c;
  else if (c == 'u' || c == 'U') {
    const size_t digits = c == 'u' ? 4 : 8;
    const auto code = parse_u64(std::string_view(in_).substr(pos_, digits), 16);
    if (!code || *code > 0x10ffff || in_.size() - pos_ < digits)
      fail(begin, std::min(pos_ + digits, in_.size()), fmt::format("\\{} needs {} hexadecimal digits of a character", c, digits));
    pos_ += digits;
    append_utf8(out, static_cast<uint32_t>(*code));
  } else {
    fail(begin, pos_, "there is no such escape", "write \\\\ for a backslash");
  }
}

HclParser::Piece HclParser::interpolation() {
  const Level level(*this);
  const size_t begin = pos_;
  pos_ += 2;
  Piece out{.kind = Piece::Kind::Value};
  out.trims_before = accept("~");
  const Lines lines(*this, true);
  out.value = expression();
  skip();
  out.trims_after = accept("~");
  if (!accept("}")) {
    if (at_end()) fail(begin, begin + 2, "this ${ has no }");
    unexpected("} after the value");
  }
  out.span = span_from(begin);
  return out;
}

HclParser::Piece HclParser::directive() {
  const size_t begin = pos_;
  pos_ += 2;
  Piece out;
  out.trims_before = accept("~");
  const Lines lines(*this, true);
  skip();
  if (keyword("if")) {
    out.kind = Piece::Kind::If;
    out.value = expression();
  } else if (keyword("else")) {
    out.kind = Piece::Kind::Else;
  } else if (keyword("endif")) {
    out.kind = Piece::Kind::EndIf;
  } else if (keyword("for")) {
    out.kind = Piece::Kind::For;
    for_variables(out.key, out.item);
    out.value = expression();
  } else if (keyword("endfor")) {
    out.kind = Piece::Kind::EndFor;
  } else {
    unexpected("if, else, endif, for or endfor");
  }
  skip();
  out.trims_after = accept("~");
  if (!accept("}")) unexpected("} at the end of the directive");
  out.span = span_from(begin);
  return out;
}

// Pieces up to the directive that ends `inside` (Literal: the end), which stays.
ExprPtr HclParser::assemble(std::vector<Piece>& all, size_t& next, Piece::Kind inside, const Span& opened) {
  const Level level(*this);
  std::vector<ExprPtr> kids;
  for (; next < all.size(); ++next) {
    Piece& piece = all[next];
    if (piece.kind == Piece::Kind::Literal) {
      auto kid = make(Expr::Kind::Literal, piece.span);
      kid->literal = std::move(piece.literal);
      kids.push_back(std::move(kid));
    } else if (piece.kind == Piece::Kind::Value) {
      kids.push_back(piece.value);
    } else if (piece.kind == Piece::Kind::If) {
      ExprPtr yes = assemble(all, ++next, Piece::Kind::If, piece.span);
      ExprPtr no;
      if (all[next].kind == Piece::Kind::Else) no = assemble(all, ++next, Piece::Kind::Else, piece.span);
      if (!no) {
        auto empty = make(Expr::Kind::Literal, piece.span);
        empty->literal = "";
        no = empty;
      }
      kids.push_back(make(Expr::Kind::Conditional, piece.span, {piece.value, std::move(yes), std::move(no)}));
    } else if (piece.kind == Piece::Kind::For) {
      ExprPtr each = assemble(all, ++next, Piece::Kind::For, piece.span);
      auto kid = make(Expr::Kind::TemplateFor, piece.span, {piece.value, std::move(each)});
      kid->key = piece.key;
      kid->item = piece.item;
      kids.push_back(std::move(kid));
    } else {
      const bool fits = (piece.kind == Piece::Kind::EndFor && inside == Piece::Kind::For) ||
                        (piece.kind == Piece::Kind::Else && inside == Piece::Kind::If) ||
                        (piece.kind == Piece::Kind::EndIf && (inside == Piece::Kind::If || inside == Piece::Kind::Else));
      if (!fits) throw error_at(piece.span, "there is nothing that this directive could end");
      break;
    }
  }
  if (next >= all.size() && inside != Piece::Kind::Literal)
    throw error_at(opened, inside == Piece::Kind::For ? "this directive has no %{endfor}" : "this directive has no %{endif}");
  // A string without anything to put in is a literal; one value alone keeps its kind.
  if (kids.empty()) {
    auto empty = make(Expr::Kind::Literal, opened);
    empty->literal = "";
    return empty;
  }
  if (kids.size() == 1 && kids[0]->kind == Expr::Kind::Literal) return kids[0];

  return make(Expr::Kind::Template, opened, std::move(kids));
}

}  // namespace slipway::bake

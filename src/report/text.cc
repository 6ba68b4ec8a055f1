// A small terminal-text scanner: UTF-8, escape sequences, column widths. No locale: the same bytes
// give the same result.
#include "report/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace slipway::report {
namespace {

struct Token {
  enum class Kind {
    Character,  // a printable code point
    Invalid,    // a byte that is not UTF-8
    Control,    // C0, DEL, C1 or a bidirectional override
    Color,      // ESC [ ... m
    Escape,     // any other escape sequence
  };
  Kind kind;
  size_t length;  // in bytes
  uint32_t code = 0;
};

/// The end of the escape sequence at the start of `text` (which begins with ESC): CSI up to its
/// final byte, OSC, DCS, APC, PM and SOS up to BEL or ST, anything else its two or three bytes. A
/// sequence that never ends takes the whole rest.
Token scan_escape(std::string_view text) {
  const auto whole = Token{Token::Kind::Escape, text.size()};
  if (text.size() < 2) return whole;
  if (text[1] == '[') {
    for (size_t i = 2; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c >= 0x40 && c <= 0x7e)
        return {c == 'm' ? Token::Kind::Color : Token::Kind::Escape, i + 1};
      if (c < 0x20 || c > 0x7e) return {Token::Kind::Escape, i};
    }
    return whole;
  }
  if (std::string_view("]PX^_").find(text[1]) != std::string_view::npos) {
    for (size_t i = 2; i < text.size(); ++i) {
      if (text[i] == '\a') return {Token::Kind::Escape, i + 1};
      if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '\\')
        return {Token::Kind::Escape, i + 2};
    }
    return whole;
  }
  const bool has_intermediate = text[1] >= 0x20 && text[1] <= 0x2f;
  return {Token::Kind::Escape, std::min<size_t>(text.size(), has_intermediate ? 3 : 2)};
}

Token scan_utf8(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first >= 0xf0 && first <= 0xf4   ? 4
                        : first >= 0xe0 && first <= 0xef ? 3
                        : first >= 0xc2 && first <= 0xdf ? 2
                                                         : 0;
  if (length == 0 || text.size() < length) return {Token::Kind::Invalid, 1};
  uint32_t code = first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {Token::Kind::Invalid, 1};
    code = code << 6 | (next & 0x3f);
  }
  constexpr std::array<uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    return {Token::Kind::Invalid, 1};
  return {Token::Kind::Character, length, code};
}

Token next_token(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == 0x1b) return scan_escape(text);
  if (first < 0x20 || first == 0x7f) return {Token::Kind::Control, 1, first};
  if (first < 0x80) return {Token::Kind::Character, 1, first};
  Token token = scan_utf8(text);
  const bool is_c1 = token.code >= 0x80 && token.code <= 0x9f;
  const bool is_bidi = (token.code >= 0x202a && token.code <= 0x202e) ||
                       (token.code >= 0x2066 && token.code <= 0x2069);
  if (token.kind == Token::Kind::Character &&
      (is_c1 || is_bidi || token.code == 0x2028 || token.code == 0x2029))
    token.kind = Token::Kind::Control;
  return token;
}

/// Unicode's East Asian wide ranges and combining marks, as far as build output has them.
size_t width_of(uint32_t code) {
  struct Range {
    uint32_t first, last;
  };
  static constexpr Range kNone[] = {
      {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},    {0x64b, 0x65f},
      {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f}, {0x2060, 0x2064},  {0x20d0, 0x20ff},
      {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};
  static constexpr Range kWide[] = {{0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},
                                    {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
                                    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},
                                    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
                                    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
                                    {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  if (code < 0x300) return 1;
  for (const Range& range : kNone)
    if (code >= range.first && code <= range.last) return 0;
  for (const Range& range : kWide)
    if (code >= range.first && code <= range.last) return 2;
  return 1;
}

}  // namespace

std::string harmless(std::string_view line, bool keep_colors) {
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  std::string out;
  size_t column = 0;
  bool has_color = false;
  while (!line.empty()) {
    const Token token = next_token(line);
    switch (token.kind) {
      case Token::Kind::Character:
        out += line.substr(0, token.length);
        column += width_of(token.code);
        break;
      case Token::Kind::Invalid:
        out += "\xef\xbf\xbd";
        ++column;
        break;
      case Token::Kind::Color:
        if (keep_colors) out += line.substr(0, token.length);
        has_color |= keep_colors;
        break;
      case Token::Kind::Control:
        if (token.code == '\t') {
          const size_t blanks = 8 - column % 8;
          out.append(blanks, ' ');
          column += blanks;
        } else if (token.code == '\r') {
          out.clear();
          column = 0;
          has_color = false;
        }
        break;
      case Token::Kind::Escape:
        break;
    }
    line.remove_prefix(token.length);
  }
  if (has_color) out += "\x1b[0m";
  return out;
}

size_t columns_of(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Token token = next_token(text);
    if (token.kind == Token::Kind::Character) columns += width_of(token.code);
    if (token.kind == Token::Kind::Invalid) ++columns;
    text.remove_prefix(token.length);
  }
  return columns;
}

std::string fit(std::string_view text, size_t columns) {
  std::string out;
  size_t used = 0;
  bool has_color = false;
  while (!text.empty()) {
    const Token token = next_token(text);
    size_t width = 0;
    if (token.kind == Token::Kind::Character) width = width_of(token.code);
    if (token.kind == Token::Kind::Invalid) width = 1;
    if (used + width > columns) break;
    used += width;
    has_color |= token.kind == Token::Kind::Color;
    out += text.substr(0, token.length);
    text.remove_prefix(token.length);
  }
  if (has_color && !out.ends_with("\x1b[0m")) out += "\x1b[0m";
  return out;
}

std::string fit_line(std::string_view left, std::string_view right, size_t columns) {
  if (right.empty()) return fit(left, columns);
  const size_t right_columns = columns_of(right);
  if (right_columns + 1 >= columns) return fit(left, columns);
  std::string out = fit(left, columns - right_columns - 1);
  out.append(columns - right_columns - columns_of(out), ' ');
  out += right;
  return out;
}

std::string bar(double done, double total, size_t width) {
  if (width < 3) return {};
  const size_t inner = width - 2;
  const double share = total > 0 ? std::clamp(done / total, 0.0, 1.0) : 0;
  const auto filled = static_cast<size_t>(share * static_cast<double>(inner));
  std::string out = "[";
  out.append(filled, '=');
  if (filled < inner) out += '>';
  out.append(inner - std::min(inner, filled + 1), ' ');
  return out + "]";
}

}  // namespace slipway::report

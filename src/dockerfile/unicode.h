// The few Unicode questions the Dockerfile grammar asks: what is a blank, a letter, a digit,
// printable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace slipway::dockerfile {

struct Rune {
  char32_t value = 0;
  size_t size = 0;    // bytes; 0 at the end of the text
  bool valid = true;  // false: `value` is U+FFFD for one byte that is no UTF-8
};

/// The character that begins at byte `at`.
Rune decode_rune(std::string_view text, size_t at);
void append_rune(std::string& out, char32_t rune);

bool is_space(char32_t rune);
bool is_letter(char32_t rune);
bool is_digit(char32_t rune);  // decimal digits of any script
bool is_printable(char32_t rune);

/// Blanks of any script removed at either end.
std::string_view trim_space(std::string_view text);
std::string_view trim_space_left(std::string_view text);
std::string_view trim_space_right(std::string_view text);

/// The blanks that separate words on a line: tab, vertical tab, form feed, CR, space.
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

/// A Go string literal: \n, \x00, \u00a0 for what cannot be printed.
std::string go_quote(std::string_view text);

}  // namespace slipway::dockerfile

// See unicode.h. ASCII is answered directly, the rest by binary search in unicode_tables.h.
#include "dockerfile/unicode.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "dockerfile/unicode_tables.h"

namespace slipway::dockerfile {
namespace {

template <size_t N>
bool in_table(const RuneRange (&table)[N], char32_t rune) {
  const auto* range =
      std::upper_bound(std::begin(table), std::end(table), rune,
                       [](char32_t value, const RuneRange& r) { return value < r.first; });
  return range != std::begin(table) && rune <= std::prev(range)->last;
}

}  // namespace

Rune decode_rune(std::string_view text, size_t at) {
  if (at >= text.size()) return {};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  const size_t size = lead >= 0xf0 && lead < 0xf5   ? 4
                      : lead >= 0xe0 && lead < 0xf0 ? 3
                      : lead >= 0xc2 && lead < 0xe0 ? 2
                                                    : 0;
  constexpr Rune kInvalid{0xfffd, 1, false};
  if (size == 0 || at + size > text.size()) return kInvalid;
  char32_t value = lead & (0xff >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return kInvalid;
    value = (value << 6) | (byte(at + i) & 0x3f);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return kInvalid;
  return {value, size, true};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) rune = 0xfffd;
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xc0 | (rune >> 6));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xe0 | (rune >> 12));
    out += static_cast<char>(0x80 | ((rune >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (rune >> 18));
    out += static_cast<char>(0x80 | ((rune >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((rune >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  }
}

bool is_space(char32_t rune) {
  if (rune < 0x80) return rune == ' ' || (rune >= '\t' && rune <= '\r');
  return rune == 0x85 || rune == 0xa0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200a) ||
         rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f || rune == 0x3000;
}

bool is_letter(char32_t rune) {
  if (rune < 0x80) return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
  return in_table(kLetters, rune);
}

bool is_digit(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  return in_table(kDigits, rune);
}

bool is_printable(char32_t rune) {
  if (rune < 0x80) return rune >= ' ' && rune < 0x7f;
  return in_table(kPrintable, rune);
}

std::string_view trim_space_left(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Rune rune = decode_rune(text, at);
    if (!is_space(rune.value)) break;
    at += rune.size;
  }
  return text.substr(at);
}

std::string_view trim_space_right(std::string_view text) {
  while (!text.empty()) {
    // Step back to where the last character begins: at most three continuation bytes.
    size_t begin = text.size() - 1;
    while (begin > 0 && text.size() - begin < 4 &&
           (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80)
      --begin;
    const Rune rune = decode_rune(text, begin);
    if (begin + rune.size != text.size() || !is_space(rune.value)) break;
    text.remove_suffix(rune.size);
  }
  return text;
}

std::string_view trim_space(std::string_view text) {
  return trim_space_right(trim_space_left(text));
}

std::string go_quote(std::string_view text) {
  static constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v";
  static constexpr std::string_view kLetter = "abfnrtv";
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const Rune rune = decode_rune(text, at);
    const auto byte = static_cast<uint8_t>(text[at]);
    if (rune.value == '"' || rune.value == '\\') {
      out += '\\';
      out += text[at];
    } else if (!rune.valid) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (is_printable(rune.value)) {
      out += text.substr(at, rune.size);
    } else if (rune.value < 0x80 && kEscaped.find(text[at]) != kEscaped.npos) {
      out += '\\';
      out += kLetter[kEscaped.find(text[at])];
    } else if (rune.value < 0x80) {
      out += fmt::format("\\x{:02x}", byte);
    } else if (rune.value < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(rune.value));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(rune.value));
    }
    at += rune.size;
  }
  return out + "\"";
}

}  // namespace slipway::dockerfile

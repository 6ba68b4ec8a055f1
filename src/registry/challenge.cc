// See challenge.h.
#include "registry/challenge.h"

#include <cstdint>

#include "base/text.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Walks over the header value; every function leaves `at` behind what it read.
struct Scanner {
  std::string_view text;
  size_t at = 0;

  bool done() const { return at >= text.size(); }
  void skip(std::string_view characters) {
    while (!done() && characters.find(text[at]) != characters.npos) ++at;
  }
  std::string token() {
    const size_t start = at;
    while (!done() && is_token_char(text[at])) ++at;
    return std::string(text.substr(start, at - start));
  }
  /// A quoted string or the characters up to a comma or blank.
  std::string value() {
    std::string out;
    if (!done() && text[at] == '"') {
      for (++at; !done() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        out += text[at];
      }
      if (!done()) ++at;
      return out;
    }
    while (!done() && text[at] != ',' && text[at] != ' ' && text[at] != '\t') out += text[at++];
    return out;
  }
};

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view value) {
  std::vector<Challenge> out;
  Scanner scanner{value};
  while (true) {
    scanner.skip(", \t");
    if (scanner.done()) return out;
    const std::string word = scanner.token();
    if (word.empty()) return out;
    const size_t after = scanner.at;
    scanner.skip(" \t");
    // "word=value" belongs to the challenge before it; "word" alone begins the next one.
    if (!scanner.done() && scanner.text[scanner.at] == '=' && !out.empty()) {
      ++scanner.at;
      scanner.skip(" \t");
      out.back().params.emplace(to_lower(word), scanner.value());
    } else {
      scanner.at = after;
      if (!scanner.done() && scanner.text[scanner.at] != ' ' && scanner.text[scanner.at] != ',')
        return out;
      out.push_back({.scheme = to_lower(word), .params = {}});
    }
  }
}

std::optional<Challenge> choose_challenge(const http::Headers& headers) {
  std::optional<Challenge> basic;
  for (const auto& [name, value] : headers) {
    if (to_lower(name) != "www-authenticate") continue;
    for (auto& challenge : parse_challenges(value)) {
      if (challenge.scheme == "bearer" && challenge.params.contains("realm")) return challenge;
      if (challenge.scheme == "basic" && !basic) basic = challenge;
    }
  }
  return basic;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k)
      out += i + k > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * k) & 63];
  }
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xff);
    }
  }
  return out;
}

}  // namespace slipway::registry

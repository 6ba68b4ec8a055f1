// See words.h. All of these are single passes over the bytes of one logical line.
#include "dockerfile/words.h"

#include "dockerfile/unicode.h"

namespace slipway::dockerfile {

namespace {

// Flags are separated by ASCII blanks only; a no-break space is part of a word.
bool is_ascii_space(char c) { return is_blank(c) || c == '\n'; }

}  // namespace

Flags split_flags(std::string_view text, char escape, size_t base) {
  Flags flags;
  size_t at = 0;
  while (true) {
    while (at < text.size() && is_ascii_space(text[at])) ++at;
    flags.rest = at;
    if (!text.substr(at).starts_with("--")) return flags;
    std::string word;
    const size_t begin = at;
    char quote = 0;
    while (at < text.size()) {
      const char c = text[at];
      if (!quote && is_ascii_space(c)) break;
      if (quote ? c == quote : (c == '\'' || c == '"')) {
        quote = quote ? '\0' : c;
        ++at;
        continue;
      }
      if (c == escape) {
        ++at;
        if (at == text.size()) break;  // an escape at the end is dropped
      }
      const size_t size = decode_rune(text, at).size;
      word += text.substr(at, size);
      at += size;
    }
    flags.rest = at;
    if (word == "--") return flags;
    flags.words.push_back({std::move(word), base + begin});
  }
}

std::vector<Word> split_quoted(std::string_view text, char escape, size_t base) {
  std::vector<Word> words;
  size_t at = 0;
  while (true) {
    while (at < text.size()) {
      const Rune rune = decode_rune(text, at);
      if (!is_space(rune.value)) break;
      at += rune.size;
    }
    if (at == text.size()) return words;
    Word word{{}, base + at};
    char quote = 0;
    while (at < text.size()) {
      const Rune rune = decode_rune(text, at);
      if (!quote && is_space(rune.value)) break;
      const char c = text[at];
      if (quote ? c == quote : (c == '\'' || c == '"')) {
        quote = quote ? '\0' : c;
      } else if (c == escape && quote != '\'') {
        if (at + 1 == text.size()) {  // an escape at the end is dropped
          ++at;
          break;
        }
        word.text += c;
        ++at;
      }
      const size_t size = decode_rune(text, at).size;
      word.text += text.substr(at, size);
      at += size;
    }
    if (!word.text.empty()) words.push_back(std::move(word));
  }
}

std::vector<Word> split_blanks(std::string_view text, size_t base) {
  std::vector<Word> words;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && !is_blank(text[end])) ++end;
    words.push_back({std::string(text.substr(at, end - at)), base + at});
    at = end;
    while (at < text.size() && is_blank(text[at])) ++at;
  }
  return words;
}

}  // namespace slipway::dockerfile

// Matching by simulating the pattern's automaton: one state per token, all of them advanced
// together over the value, so the time is pattern length times value length for any pattern. `*`
// and `?` do not match a line end.
#include "dockerfile/shell_pattern.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {
namespace {

struct Token {
  enum class Kind { Literal, One, Many } kind;
  std::string_view text;  // of a literal: one character
};

// A value as characters, so that `?` never splits one. A byte that is no UTF-8 is a character of
// its own.
std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t at = 0; at < text.size();) {
    const size_t size = decode_rune(text, at).size;
    out.push_back(text.substr(at, size));
    at += size;
  }
  return out;
}

std::vector<Token> compile(std::string_view pattern) {
  std::vector<Token> tokens;
  const auto chars = characters(pattern);
  for (size_t i = 0; i < chars.size(); ++i) {
    if (chars[i] == "*") {
      tokens.push_back({Token::Kind::Many, {}});
    } else if (chars[i] == "?") {
      tokens.push_back({Token::Kind::One, {}});
    } else if (chars[i] == "\\") {
      // "\}" and "\/" are written so only to get them past the end of the substitution.
      const std::string_view next = i + 1 < chars.size() ? chars[i + 1] : "";
      if (next != "}" && next != "/" && next != "*" && next != "?" && next != "\\")
        throw Error(fmt::format("invalid escape '\\{}' in the pattern ({}) of a substitution", next,
                                pattern),
                    {}, "only * ? \\ } and / can be escaped in a pattern");
      tokens.push_back({Token::Kind::Literal, next});
      ++i;
    } else {
      tokens.push_back({Token::Kind::Literal, chars[i]});
    }
  }
  return tokens;
}

// Keeps a hostile file from spending minutes here; real patterns and values are far below.
void check_effort(size_t tokens, size_t chars) {
  constexpr size_t kLimit = size_t{1} << 27;
  if (tokens > 0 && chars > kLimit / tokens)
    throw Error("the pattern of a substitution is too long for a value of this length");
}

bool steps_over(const Token& token, std::string_view c) {
  return token.kind == Token::Kind::Literal ? token.text == c : c != "\n";
}

// The leftmost match at or after `from`, of those the longest: [begin, end) in characters.
std::optional<std::pair<size_t, size_t>> find(const std::vector<Token>& tokens,
                                              const std::vector<std::string_view>& value,
                                              size_t from) {
  constexpr size_t kNone = std::numeric_limits<size_t>::max();
  // state[i]: the earliest start from which tokens[0, i) match up to here.
  std::vector<size_t> state(tokens.size() + 1, kNone), next(tokens.size() + 1, kNone);
  std::optional<std::pair<size_t, size_t>> best;
  for (size_t at = from;; ++at) {
    if (!best) state[0] = std::min(state[0], at);
    bool alive = !best;
    for (size_t i = 0; i < tokens.size(); ++i)
      if (tokens[i].kind == Token::Kind::Many) state[i + 1] = std::min(state[i + 1], state[i]);
    if (const size_t begin = state.back(); begin != kNone && (!best || begin <= best->first))
      best = {begin, at};
    if (at == value.size()) return best;
    std::fill(next.begin(), next.end(), kNone);
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (state[i] == kNone || (best && state[i] > best->first) ||
          !steps_over(tokens[i], value[at]))
        continue;
      const size_t to = tokens[i].kind == Token::Kind::Many ? i : i + 1;
      next[to] = std::min(next[to], state[i]);
      alive = true;
    }
    if (best && !alive) return best;
    std::swap(state, next);
  }
}

// How many characters of `value` the shortest or longest match that begins at its start covers.
std::optional<size_t> match_at_start(const std::vector<Token>& tokens,
                                     const std::vector<std::string_view>& value, bool longest) {
  std::vector<char> state(tokens.size() + 1, 0), next(tokens.size() + 1, 0);
  state[0] = 1;
  std::optional<size_t> found;
  for (size_t at = 0;; ++at) {
    for (size_t i = 0; i < tokens.size(); ++i)
      if (state[i] && tokens[i].kind == Token::Kind::Many) state[i + 1] = 1;
    if (state.back()) {
      found = at;
      if (!longest) return found;
    }
    if (at == value.size()) return found;
    std::fill(next.begin(), next.end(), 0);
    bool alive = false;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (!state[i] || !steps_over(tokens[i], value[at])) continue;
      next[tokens[i].kind == Token::Kind::Many ? i : i + 1] = 1;
      alive = true;
    }
    if (!alive) return found;
    std::swap(state, next);
  }
}

std::string concat(std::vector<std::string_view>::const_iterator begin,
                   std::vector<std::string_view>::const_iterator end) {
  std::string out;
  for (auto it = begin; it != end; ++it) out += *it;
  return out;
}

}  // namespace

std::string trim_prefix(std::string_view pattern, std::string_view value, bool longest) {
  const auto tokens = compile(pattern);
  const auto chars = characters(value);
  check_effort(tokens.size(), chars.size());
  const size_t covered = match_at_start(tokens, chars, longest).value_or(0);
  return concat(chars.begin() + static_cast<ptrdiff_t>(covered), chars.end());
}

std::string trim_suffix(std::string_view pattern, std::string_view value, bool longest) {
  auto tokens = compile(pattern);
  auto chars = characters(value);
  check_effort(tokens.size(), chars.size());
  std::reverse(tokens.begin(), tokens.end());
  std::reverse(chars.begin(), chars.end());
  const size_t covered = match_at_start(tokens, chars, longest).value_or(0);
  std::reverse(chars.begin(), chars.end());
  return concat(chars.begin(), chars.end() - static_cast<ptrdiff_t>(covered));
}

std::string replace_matches(std::string_view pattern, std::string_view replacement,
                            std::string_view value, bool all) {
  const auto tokens = compile(pattern);
  const auto chars = characters(value);
  check_effort(tokens.size(), chars.size());
  std::string out;
  size_t at = 0;
  size_t copied = 0;  // characters of the value that are in `out` or replaced
  bool after_match = false;
  const auto copy_to = [&](size_t end) {
    for (; copied < end; ++copied) out += chars[copied];
  };
  while (at <= chars.size()) {
    const auto match = find(tokens, chars, at);
    if (!match) break;
    const auto [begin, end] = *match;
    // An empty match right behind a replaced one is not a new match.
    if (!(begin == end && after_match && begin == copied)) {
      copy_to(begin);
      out += replacement;
      copied = end;
      if (!all) break;
    }
    after_match = true;
    at = end > begin ? end : end + 1;
  }
  copy_to(chars.size());
  return out;
}

}  // namespace slipway::dockerfile

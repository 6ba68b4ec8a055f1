// Patterns are compiled to tokens and matched by advancing all token positions together over the
// path (no backtracking), as shell_pattern.cc does.
//
// The ignore rules are moby/patternmatcher's as the context transfer applies them: a pattern is
// tried on a path only where it could change the verdict, and what it matched is inherited by
// everything below.
#include "dockerfile/pattern.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/scan.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {
namespace {

struct Token {
  enum class Kind {
    Literal,   // one character
    NotSlash,  // ?
    Many,      // *: any number of characters, no slash
    Class,     // [...]
    Tree,      // ** inside: nothing, or any path that ends in a slash
    Rest,      // ** at the end: anything
  } kind;
  char32_t rune = 0;
  bool negated = false;
  std::vector<std::pair<char32_t, char32_t>> ranges = {};
};

// A byte that is no UTF-8 stands for itself, above Unicode, so that it equals only the same byte.
char32_t rune_at(std::string_view text, size_t& at) {
  const Rune rune = decode_rune(text, at);
  const char32_t value = rune.valid ? rune.value : 0x110000 + static_cast<unsigned char>(text[at]);
  at += rune.size;
  return value;
}

[[noreturn]] void bad_pattern(std::string_view pattern, std::string_view why) {
  throw Error(fmt::format("syntax error in pattern {}: {}", shown(pattern), why), {},
              "put a \\ before a character that is meant literally");
}

// `[`, `^`, ranges, `]`; `at` stands behind the "[".
Token read_class(std::string_view pattern, size_t& at) {
  Token token{Token::Kind::Class};
  if (at < pattern.size() && pattern[at] == '^') {
    token.negated = true;
    ++at;
  }
  const auto member = [&]() -> char32_t {
    if (at >= pattern.size()) bad_pattern(pattern, "missing ]");
    if (pattern[at] == '-' || pattern[at] == ']')
      bad_pattern(pattern, "- or ] out of place in [ ]");
    if (pattern[at] == '\\' && ++at >= pattern.size())
      bad_pattern(pattern, "nothing follows the \\");
    const char32_t rune = rune_at(pattern, at);
    if (at >= pattern.size()) bad_pattern(pattern, "missing ]");
    return rune;
  };
  do {
    const char32_t first = member();
    char32_t last = first;
    if (pattern[at] == '-') {
      ++at;
      last = member();
    }
    token.ranges.emplace_back(first, last);
  } while (at >= pattern.size() || pattern[at] != ']');
  ++at;
  return token;
}

std::vector<Token> compile(std::string_view pattern, bool trees) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '*' && trees && pattern.substr(at).starts_with("**")) {
      at += 2;
      if (at < pattern.size() && pattern[at] == '/') ++at;
      tokens.push_back({at == pattern.size() ? Token::Kind::Rest : Token::Kind::Tree});
    } else if (c == '*') {
      ++at;
      tokens.push_back({Token::Kind::Many});
    } else if (c == '?') {
      ++at;
      tokens.push_back({Token::Kind::NotSlash});
    } else if (c == '[') {
      ++at;
      tokens.push_back(read_class(pattern, at));
    } else {
      if (c == '\\' && ++at == pattern.size()) bad_pattern(pattern, "nothing follows the \\");
      tokens.push_back({Token::Kind::Literal, rune_at(pattern, at)});
    }
  }
  return tokens;
}

bool accepts(const Token& token, char32_t rune) {
  switch (token.kind) {
    case Token::Kind::Literal:
      return rune == token.rune;
    case Token::Kind::NotSlash:
    case Token::Kind::Many:
      return rune != '/';
    case Token::Kind::Class: {
      const bool in = std::any_of(token.ranges.begin(), token.ranges.end(), [&](const auto& range) {
        return rune >= range.first && rune <= range.second;
      });
      return in != token.negated;
    }
    case Token::Kind::Tree:
    case Token::Kind::Rest:
      return rune != '\n';  // as BuildKit's regular expressions have it
  }
  return false;
}

bool loops(Token::Kind kind) {
  return kind == Token::Kind::Many || kind == Token::Kind::Tree || kind == Token::Kind::Rest;
}

// at_token[i]: tokens [0, i) match the path up to here. A Tree is left only at its start or behind
// a slash.
bool matches(const std::vector<Token>& tokens, std::string_view path) {
  std::vector<char> at_token(tokens.size() + 1, 0), next(tokens.size() + 1, 0);
  // inside[i]: in the middle of Tree i, so that it cannot be left here.
  std::vector<char> inside(tokens.size() + 1, 0), next_inside(tokens.size() + 1, 0);
  at_token[0] = 1;
  for (size_t at = 0;;) {
    for (size_t i = 0; i < tokens.size(); ++i)
      if (at_token[i] && loops(tokens[i].kind)) at_token[i + 1] = 1;
    if (at == path.size()) return at_token.back();
    const char32_t rune = rune_at(path, at);
    std::fill(next.begin(), next.end(), 0);
    std::fill(next_inside.begin(), next_inside.end(), 0);
    bool alive = false;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if ((!at_token[i] && !inside[i]) || !accepts(tokens[i], rune)) continue;
      alive = true;
      if (tokens[i].kind == Token::Kind::Tree) {
        next_inside[i] = 1;
        if (rune == '/') next[i + 1] = 1;
      } else if (at_token[i]) {
        next[loops(tokens[i].kind) ? i : i + 1] = 1;
      }
    }
    if (!alive) return false;
    std::swap(at_token, next);
    std::swap(inside, next_inside);
  }
}

}  // namespace

bool match_wildcard(std::string_view pattern, std::string_view name) {
  return matches(compile(pattern, false), name);
}

void check_wildcard(std::string_view pattern) { compile(pattern, false); }

bool has_wildcard(std::string_view text) { return text.find_first_of("*?[\\") != text.npos; }

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  const bool rooted = path.starts_with('/');
  std::vector<std::string> kept;
  for (auto& element : split(path, '/')) {
    if (element.empty() || element == ".") continue;
    if (element == "..") {
      if (!kept.empty() && kept.back() != "..") {
        kept.pop_back();
        continue;
      }
      if (rooted) continue;
    }
    kept.push_back(std::move(element));
  }
  std::string out = (rooted ? "/" : "") + join(kept, "/");
  return out.empty() ? "." : out;
}

struct IgnoreFile::Pattern {
  // Most patterns need no automaton; `**x` and `x**` compare ends of the whole path, across
  // slashes.
  enum class Match { Exact, Prefix, Suffix, Tokens } match = Match::Exact;
  bool exception = false;  // written with "!"
  int line = 0;            // where it is written
  std::string text;        // cleaned; what Prefix and Suffix compare
  std::string written;     // cleaned, without "!"
  std::string fixed;       // what every path that it matches begins with
  std::vector<Token> tokens;

  bool matches_path(std::string_view path) const {
    switch (match) {
      case Match::Exact:
        return path == text;
      case Match::Prefix:
        return path.starts_with(text);
      case Match::Suffix:
        return path.ends_with(text) ||
               (text.starts_with('/') && path == std::string_view(text).substr(1));
      case Match::Tokens:
        return matches(tokens, path);
    }
    return false;
  }

  static Pattern make(std::string text, bool exception) {
    check_wildcard(text);
    Pattern pattern;
    pattern.exception = exception;
    pattern.written = text;
    pattern.fixed = text.substr(0, text.find_first_of("*?[\\"));
    const auto plain = [](std::string_view part) {
      return part.find_first_of("*?[]\\") == part.npos;
    };
    if (plain(text)) {
      pattern.text = std::move(text);
    } else if (text.starts_with("**") && plain(std::string_view(text).substr(2))) {
      pattern.match = Match::Suffix;
      pattern.text = text.substr(2);
    } else if (text.ends_with("**") && plain(std::string_view(text).substr(0, text.size() - 2))) {
      pattern.match = Match::Prefix;
      pattern.text = text.substr(0, text.size() - 2);
    } else {
      pattern.match = Match::Tokens;
      pattern.tokens = compile(text, true);
      pattern.text = std::move(text);
    }
    return pattern;
  }
};

namespace {

struct Rule {
  std::string text;
  bool exception = false;
};

[[noreturn]] void no_pattern() {
  throw Error("illegal exclusion pattern: \"!\"", {}, "write the path behind the !");
}

// A pattern without blank ends and "!"; nullopt if nothing is left to match.
std::optional<Rule> rule_of(std::string_view pattern) {
  pattern = trim_space(pattern);
  if (pattern.empty()) return std::nullopt;
  Rule rule{clean_path(pattern)};
  rule.exception = rule.text.starts_with('!');
  if (rule.exception) rule.text.erase(0, 1);
  if (rule.text.empty()) no_pattern();
  return rule;
}

// The pattern in a line of a file: cleaned behind its "!" and made relative. What is left is read
// like any pattern, so that "/!a" is an exception, too.
std::string pattern_of_line(std::string_view line) {
  line = trim_space(line);
  const bool exception = line.starts_with('!');
  if (exception) line = trim_space(line.substr(1));
  if (line.empty()) return exception ? "!" : "";
  std::string text = clean_path(line);
  if (text.size() > 1 && text.starts_with('/')) text.erase(0, 1);
  return exception ? "!" + text : text;
}

}  // namespace

IgnoreFile IgnoreFile::parse(std::string_view text, std::string_view name) {
  IgnoreFile file;
  Mistakes mistakes;
  const std::string_view source = text;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with('#')) continue;
    const int column = static_cast<int>(line.size() - trim_space_left(line).size()) + 1;
    try {
      const auto rule = rule_of(pattern_of_line(line));
      if (!rule) continue;
      file.has_exceptions_ |= rule->exception;
      Pattern pattern = Pattern::make(rule->text, rule->exception);
      pattern.line = number;
      file.patterns_.push_back(std::make_shared<const Pattern>(std::move(pattern)));
    } catch (const Error& error) {
      mistakes.add(
          {{number, column, number}, trim_space(line).size(), error.message(), error.hint()});
    }
  }
  if (!mistakes.empty()) throw to_error(mistakes, source, name);
  return file;
}

IgnoreFile IgnoreFile::from_patterns(const std::vector<std::string>& patterns) {
  IgnoreFile file;
  for (const auto& text : patterns) {
    const auto rule = rule_of(text);
    if (!rule) continue;
    file.has_exceptions_ |= rule->exception;
    file.patterns_.push_back(
        std::make_shared<const Pattern>(Pattern::make(rule->text, rule->exception)));
  }
  return file;
}

IgnoreFile::Verdict IgnoreFile::judge(std::string_view path, const Verdict& parent) const {
  Verdict verdict;
  verdict.matched.resize(patterns_.size(), false);
  for (size_t i = 0; i < patterns_.size(); ++i) {
    bool matched = i < parent.matched.size() && parent.matched[i];
    // A pattern that could not change the verdict is not tried.
    if (!matched && patterns_[i]->exception == verdict.excluded)
      matched = patterns_[i]->matches_path(path);
    verdict.matched[i] = matched;
    if (matched) verdict.excluded = !patterns_[i]->exception;
  }
  return verdict;
}

bool IgnoreFile::excludes_everything() const {
  const auto is_all = [](const auto& pattern) {
    return pattern->written == "*" || pattern->written == "**" || pattern->written == "**/*";
  };
  return !has_exceptions_ && std::any_of(patterns_.begin(), patterns_.end(), is_all);
}

bool IgnoreFile::excludes(std::string_view path) const {
  if (path.empty() || path == ".") return false;
  Verdict verdict;
  for (size_t end = 0; end != path.npos;) {
    end = path.find('/', end + 1);
    verdict = judge(path.substr(0, end), verdict);
  }
  return verdict.excluded;
}

std::optional<IgnoreFile::Rule> IgnoreFile::rule_for(std::string_view path) const {
  if (path.empty() || path == ".") return std::nullopt;
  Verdict verdict;
  for (size_t end = 0; end != path.npos;) {
    end = path.find('/', end + 1);
    verdict = judge(path.substr(0, end), verdict);
  }
  for (size_t i = patterns_.size(); i-- > 0;)
    if (verdict.matched[i])
      return Rule{patterns_[i]->line, patterns_[i]->written, patterns_[i]->exception};
  return std::nullopt;
}

bool IgnoreFile::can_skip(std::string_view path, const Verdict& verdict) const {
  if (!verdict.excluded) return false;
  // An exception matters below if what it fixes leads into the directory, or the directory into it.
  const std::string below = std::string(path) + "/";
  return std::none_of(patterns_.begin(), patterns_.end(), [&](const auto& pattern) {
    return pattern->exception && (std::string_view(pattern->fixed + "/").starts_with(below) ||
                                  below.starts_with(pattern->fixed));
  });
}

}  // namespace slipway::dockerfile

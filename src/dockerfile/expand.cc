// The word lexer: one pass from left to right over quotes, escapes and substitutions.
//
// The same code serves four callers: single words, words to be split (EXPOSE), heredoc bodies (no
// quotes), and the search for heredocs in a line (everything is kept as written, see
// ExpandOptions).
#include "dockerfile/expand.h"

#include <fmt/core.h>

#include "dockerfile/shell_pattern.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {
namespace {

// ${a:-${b:-...}} deeper than this is not written by people.
constexpr int kMaxDepth = 100;
// A chain of ENV a=$a$a doubles with each line; the kernel takes no more than 128 KiB anyway.
constexpr size_t kMaxResult = size_t{16} << 20;

// Collects the result both ways: as one string, and split at blanks that were neither quoted nor
// escaped.
class Output {
 public:
  explicit Output(bool split) : split_(split) {}

  void add(std::string_view text) {  // blanks in it separate words
    result_ += text;
    if (!split_) return;
    for (size_t at = 0; at < text.size();) {
      const Rune rune = decode_rune(text, at);
      if (is_space(rune.value)) {
        end_word();
      } else {
        word_ += text.substr(at, rune.size);
      }
      at += rune.size;
    }
  }
  void add_protected(std::string_view text) {
    result_ += text;
    if (split_) word_ += text;
  }
  size_t size() const { return result_.size(); }

  std::string take_result() { return std::move(result_); }
  std::vector<std::string> take_words() {
    end_word();
    return std::move(words_);
  }

 private:
  void end_word() {
    if (word_.empty()) return;
    words_.push_back(std::move(word_));
    word_.clear();
  }

  const bool split_;
  std::string result_, word_;
  std::vector<std::string> words_;
};

bool is_special_parameter(char32_t c) {
  return c < 0x80 && std::string_view("@*#?-$!0").contains(static_cast<char>(c));
}

class WordLexer {
 public:
  WordLexer(std::string_view word, const Lookup& env, const ExpandOptions& options, Names* names)
      : word_(word),
        env_(env),
        options_(options),
        names_(names),
        keep_escapes_(options.keep_escapes) {}

  void run(Output& out) { until(0, out); }

 private:
  [[noreturn]] void fail(std::string what) const {
    throw ExpandError(std::move(what), std::min(at_, word_.size()));
  }
  bool at_end() const { return at_ >= word_.size(); }
  char peek() const { return at_end() ? '\0' : word_[at_]; }
  bool next_is(char c) const { return !at_end() && word_[at_] == c; }
  std::string_view take() {  // one character, empty at the end
    const size_t size = decode_rune(word_, at_).size;
    at_ += size;
    return word_.substr(at_ - size, size);
  }

  // Up to and over `stop` (0 = the end of the word).
  void until(char stop, Output& out) {
    while (!at_end()) {
      const char c = peek();
      if (stop && c == stop) {
        ++at_;
        return;
      }
      if (c == '$') {
        out.add(dollar());
      } else if (c == '<') {
        out.add_protected(less_than());
      } else if (options_.process_quotes && c == '\'') {
        out.add_protected(single_quoted());
      } else if (options_.process_quotes && c == '"') {
        out.add_protected(double_quoted());
      } else if (c == options_.escape) {
        if (keep_escapes_) out.add_protected(word_.substr(at_, 1));
        ++at_;
        out.add_protected(take());  // at the end of the word the escape just vanishes
      } else {
        out.add(take());
      }
      if (out.size() > kMaxResult) fail("the expanded text is larger than 16 MiB");
    }
    if (stop) fail(stop == '}' ? "missing '}' in substitution" : "missing '/' in substitution");
  }

  // What stands up to `stop`, with escapes kept (patterns) or processed.
  std::string operand(char stop, bool keep_escapes) {
    if (++depth_ > kMaxDepth) fail("substitutions are nested too deeply");
    const bool saved = keep_escapes_;
    keep_escapes_ = keep_escapes;
    Output out(false);
    until(stop, out);
    keep_escapes_ = saved;
    --depth_;
    return out.take_result();
  }

  std::string single_quoted() {
    const size_t close = word_.find('\'', at_ + 1);
    if (close == word_.npos) fail("missing closing single quote");
    const size_t open = at_;
    at_ = close + 1;
    return std::string(options_.keep_quotes ? word_.substr(open, at_ - open)
                                            : word_.substr(open + 1, close - open - 1));
  }

  std::string double_quoted() {
    const size_t open = at_++;
    std::string out;
    if (options_.keep_quotes) out += '"';
    while (!at_end()) {
      const char c = peek();
      if (c == '"') {
        ++at_;
        if (options_.keep_quotes) out += '"';
        return out;
      }
      if (c == '$') {
        out += dollar();
      } else if (c == options_.escape) {
        ++at_;
        if (keep_escapes_) out += c;
        if (next_is('"') || next_is('$') || next_is(options_.escape)) {
          out += take();
        } else if (!at_end()) {
          out += c;  // it protects nothing else here, so it stays
        }
      } else {
        out += take();
      }
      if (out.size() > kMaxResult) fail("the expanded text is larger than 16 MiB");
    }
    at_ = open;
    fail("missing closing double quote");
  }

  // "<<" and the blanks behind it belong to the word that follows: `<< EOF` is one word.
  std::string_view less_than() {
    const size_t begin = at_++;
    if (!next_is('<')) return word_.substr(begin, 1);
    ++at_;
    while (next_is(' ') || next_is('\t') || next_is('\r')) ++at_;
    return word_.substr(begin, at_ - begin);
  }

  std::string_view name() {
    const size_t begin = at_;
    const Rune first = decode_rune(word_, at_);
    if (is_digit(first.value) && first.size) {
      while (!at_end()) {
        const Rune rune = decode_rune(word_, at_);
        if (!is_digit(rune.value)) break;
        at_ += rune.size;
      }
    } else if (first.size && is_special_parameter(first.value)) {
      ++at_;
    } else {
      while (!at_end()) {
        const Rune rune = decode_rune(word_, at_);
        if (rune.value != '_' && !is_letter(rune.value) && !is_digit(rune.value)) break;
        at_ += rune.size;
      }
    }
    return word_.substr(begin, at_ - begin);
  }

  std::optional<std::string> look_up(std::string_view variable) {
    auto value = env_ ? env_(variable) : std::nullopt;
    if (names_) (value ? names_->used : names_->unset).emplace(variable);
    return value;
  }

  std::string dollar() {
    const size_t begin = at_++;
    if (!next_is('{')) {
      const std::string_view variable = name();
      if (variable.empty()) return "$";
      const auto value = look_up(variable);
      if (!value && options_.keep_unset) return "$" + std::string(variable);
      return value.value_or("");
    }
    ++at_;
    if (at_end()) fail("missing '}' in substitution");
    if (next_is('{') || next_is('}') || next_is(':'))
      fail("bad substitution: a variable name must follow ${");
    const std::string_view variable = name();
    if (at_end()) fail("missing '}' in substitution");
    if (next_is('}')) {
      ++at_;
      const auto value = look_up(variable);
      if (!value && options_.keep_unset) return fmt::format("${{{}}}", variable);
      return value.value_or("");
    }
    if (next_is('/')) return replacement(variable);
    return modified(begin, variable);
  }

  // ${v:-w} and its family, from the modifier on.
  std::string modified(size_t begin, std::string_view variable) {
    const size_t modifier_at = at_;
    const bool null_is_unset = next_is(':');
    if (null_is_unset) ++at_;
    const std::string_view kind_text = take();
    const char kind = kind_text.size() == 1 ? kind_text[0] : '\0';
    const std::string_view modifier = word_.substr(modifier_at, at_ - modifier_at);
    const bool takes_pattern = kind == '#' || kind == '%';
    if (!std::string_view("-+?#%").contains(kind) || kind == '\0' ||
        (null_is_unset && takes_pattern)) {
      at_ = modifier_at;
      if (kind_text.empty()) fail("missing '}' in substitution");
      fail(fmt::format("unsupported modifier ({}) in substitution", modifier));
    }
    const std::string word = operand('}', takes_pattern);
    const auto value = look_up(variable);
    if (!value && options_.keep_unset) return fmt::format("${{{}{}{}}}", variable, modifier, word);
    const bool absent = !value || (null_is_unset && value->empty());
    switch (kind) {
      case '-':
        return absent ? word : *value;
      case '+':
        return absent ? "" : word;
      case '?':
        if (!absent) return *value;
        at_ = begin;
        fail(fmt::format("{}: {}", variable,
                         !word.empty() ? word
                         : value       ? "must not be empty"
                                       : "must be set"));
      default: {
        const bool longest = word.starts_with(kind);
        const std::string_view pattern = std::string_view(word).substr(longest ? 1 : 0);
        return apply_pattern(begin, [&] {
          return kind == '#' ? trim_prefix(pattern, value.value_or(""), longest)
                             : trim_suffix(pattern, value.value_or(""), longest);
        });
      }
    }
  }

  // ${v/p/r} and ${v//p/r}, from the first slash on.
  std::string replacement(std::string_view variable) {
    const size_t begin = at_++;
    const bool all = next_is('/');
    if (all) ++at_;
    const std::string pattern = operand('/', true);
    const std::string by = operand('}', true);
    const auto value = look_up(variable);
    if (!value && options_.keep_unset) return fmt::format("${{{}/{}/{}}}", variable, pattern, by);
    return apply_pattern(begin,
                         [&] { return replace_matches(pattern, by, value.value_or(""), all); });
  }

  template <class Function>
  std::string apply_pattern(size_t begin, Function function) {
    try {
      return function();
    } catch (const Error& error) {
      ExpandError placed(error.message(), begin);
      placed.hint(error.hint());
      throw placed;
    }
  }

  const std::string_view word_;
  const Lookup& env_;
  const ExpandOptions options_;
  Names* const names_;
  bool keep_escapes_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string expand_word(std::string_view word, const Lookup& env, const ExpandOptions& options,
                        Names* names) {
  Output out(false);
  WordLexer(word, env, options, names).run(out);
  return out.take_result();
}

std::vector<std::string> expand_words(std::string_view word, const Lookup& env,
                                      const ExpandOptions& options, Names* names) {
  Output out(true);
  WordLexer(word, env, options, names).run(out);
  return out.take_words();
}

std::string expand_heredoc(const Heredoc& heredoc, const Lookup& env, Names* names) {
  const std::string text = heredoc_text(heredoc);
  if (!heredoc.expand) return text;
  ExpandOptions options;
  options.process_quotes = false;
  return expand_word(text, env, options, names);
}

}  // namespace slipway::dockerfile

// Lines -> logical lines -> statements. The loop in Scanner::run is the grammar's outer level; the
// rules for comments, continuations and heredocs are those of compat 5.1.
#include "dockerfile/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/text.h"
#include "dockerfile/lines.h"
#include "dockerfile/parse.h"
#include "dockerfile/unicode.h"
#include "dockerfile/words.h"

namespace slipway::dockerfile {
namespace {

// Far above any real file; keeps a file of 10 MB of two-letter lines from taking a gigabyte.
constexpr size_t kMaxStatements = 100'000;

// How far the body of a heredoc may reach: for a misspelt instruction the guess must stay cheap.
constexpr int kWholeFile = std::numeric_limits<int>::max();
constexpr int kMaxGuess = 1000;

enum class Style { Flat, JsonOrText, JsonOrWords, Pairs, Quoted, Words, Health, Trigger };

struct Keyword {
  std::string_view name;
  Style style;
  bool heredocs = false;
};
constexpr Keyword kKeywords[] = {
    {"ADD", Style::JsonOrWords, true}, {"ARG", Style::Quoted},
    {"CMD", Style::JsonOrText},        {"COPY", Style::JsonOrWords, true},
    {"ENTRYPOINT", Style::JsonOrText}, {"ENV", Style::Pairs},
    {"EXPOSE", Style::Words},          {"FROM", Style::Words},
    {"HEALTHCHECK", Style::Health},    {"LABEL", Style::Pairs},
    {"MAINTAINER", Style::Flat},       {"ONBUILD", Style::Trigger},
    {"RUN", Style::JsonOrText, true},  {"SHELL", Style::JsonOrText},
    {"STOPSIGNAL", Style::Flat},       {"USER", Style::Flat},
    {"VOLUME", Style::JsonOrWords},    {"WORKDIR", Style::Flat},
};

const Keyword* find_keyword(std::string_view word) {
  if (word.size() > 16) return nullptr;
  const std::string upper = to_upper(word);
  for (const auto& keyword : kKeywords)
    if (keyword.name == upper) return &keyword;
  return nullptr;
}

std::vector<Piece> slice(const std::vector<Piece>& pieces, size_t offset) {
  std::vector<Piece> out;
  for (const auto& piece : pieces) {
    if (piece.offset <= offset) {
      out.assign(1, {0, piece.line, piece.column + static_cast<int>(offset - piece.offset)});
    } else {
      out.push_back({piece.offset - offset, piece.line, piece.column});
    }
  }
  return out;
}

Span place_of(const std::vector<Piece>& pieces, const Span& whole, size_t offset) {
  Span span = whole;
  const auto after =
      std::upper_bound(pieces.begin(), pieces.end(), offset,
                       [](size_t at, const Piece& piece) { return at < piece.offset; });
  if (after == pieces.begin()) return span;
  const Piece& piece = *std::prev(after);
  span.line = piece.line;
  span.column = piece.column + static_cast<int>(offset - piece.offset);
  return span;
}

// A user's word in a sentence; only strange ones are quoted.
std::string plain(std::string_view word) {
  const bool simple =
      !word.empty() && word.size() <= 60 &&
      std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return simple ? std::string(word) : shown(word);
}

// The keyword that was probably meant: a near one, or one with its letters in another order.
std::optional<std::string> meant(std::string_view word) {
  const auto sorted = [](std::string text) {
    std::sort(text.begin(), text.end());
    return text;
  };
  if (word.size() <= 16)
    for (const auto& keyword : instruction_keywords())
      if (sorted(keyword) == sorted(to_upper(word))) return keyword;
  return closest(word, instruction_keywords());
}

class Scanner {
 public:
  Scanner(std::string_view text, Mistakes& mistakes, char escape)
      : text_(text), lines_(text), mistakes_(mistakes), default_escape_(escape) {}

  ScanResult run() {
    result_.directives = detect_directives(text_);
    result_.directives.escape = default_escape_;
    while (const auto line = lines_.next()) {
      if (line->too_long) {
        report_too_long(*line);
        continue;
      }
      std::string_view text = trim_space_left(line->text);
      if (read_directive(text, line->number)) continue;
      if (text.starts_with('#')) {
        note_comment(text);
        continue;
      }
      if (text.empty()) continue;
      read_instruction(text, static_cast<int>(line->text.size() - text.size()) + 1, line->number);
      if (result_.statements.size() >= kMaxStatements) {
        mistakes_.add({{lines_.number(), 1, lines_.number()},
                       1,
                       fmt::format("more than {} instructions", kMaxStatements),
                       "the rest of the file was not read"});
        break;
      }
    }
    if (result_.statements.empty() && mistakes_.empty())
      mistakes_.add({{std::max(lines_.number(), 1), 1, std::max(lines_.number(), 1)},
                     1,
                     "file with no instructions",
                     "a Dockerfile begins with FROM"});
    return std::move(result_);
  }

 private:
  void report(const std::vector<Piece>& pieces, const Span& whole, size_t offset, size_t width,
              std::string what, std::string hint = {}) {
    mistakes_.add({place_of(pieces, whole, offset), width, std::move(what), std::move(hint)});
  }
  void report(Statement& statement, size_t offset, size_t width, std::string what,
              std::string hint = {}) {
    report(statement.pieces, statement.span, offset, width, std::move(what), std::move(hint));
    statement.broken = true;
  }
  void report_too_long(const Lines::Line& line) {
    mistakes_.add({{line.number, 1, line.number},
                   1,
                   fmt::format("dockerfile line greater than max allowed size of {}", kMaxLine),
                   "break it with a continuation, or COPY the data from a file"});
  }

  bool read_directive(std::string_view text, int line) {
    if (directives_done_) return false;
    const auto directive = directive_line(text, "#");
    if (!directive) {
      directives_done_ = true;
      return false;
    }
    const Span span{line, 1, line};
    if (!seen_directives_.insert(directive->key).second) {
      mistakes_.add({span,
                     text.size(),
                     fmt::format("only one {} parser directive can be used", directive->key),
                     {}});
    } else if (directive->key == "escape") {
      if (directive->value == "\\" || directive->value == "`") {
        result_.directives.escape = directive->value[0];
      } else {
        mistakes_.add({span, text.size(),
                       fmt::format("invalid escape token {}", shown(directive->value)),
                       "it must be \\ or `"});
      }
    }
    return true;
  }

  void note_comment(std::string_view text) {
    const std::string_view comment = trim_space(text.substr(1));
    if (comment.empty()) {
      comments_.clear();
    } else {
      comments_.emplace_back(comment);
    }
  }

  // Joins continuation lines, then makes the statement and takes its heredocs.
  void read_instruction(std::string_view text, int column, int line) {
    const char escape = result_.directives.escape;
    std::string joined;
    std::vector<Piece> pieces;
    bool broken = false;
    Span span{line, column, line};
    bool more = strip_continuation(text, escape);
    pieces.push_back({0, line, column});
    joined = text;
    int empty_line = 0;
    while (more) {
      const auto next = lines_.next();
      if (!next) break;
      if (next->too_long) {
        report_too_long(*next);
        broken = true;
        break;
      }
      if (is_comment(next->text)) continue;
      if (trim_space_left(next->text).empty()) {
        if (!empty_line) empty_line = next->number;
        continue;
      }
      std::string_view part = next->text;
      more = strip_continuation(part, escape);
      if (!part.empty()) pieces.push_back({joined.size(), next->number, 1});
      joined += part;
    }
    span.end_line = lines_.number();
    if (empty_line)
      result_.warnings.push_back(
          {"NoEmptyContinuation", "Empty continuation line", {empty_line, 1, empty_line}});
    if (broken) {
      comments_.clear();
      return;
    }
    if (trim_space(joined).empty()) {
      mistakes_.add({span, 1, "nothing follows the line continuation", {}});
      return;
    }
    Statement statement = make_statement(joined, pieces, span, false);
    statement.comments = std::move(comments_);
    comments_.clear();
    if (joined.contains("<<")) take_heredocs(statement, joined);
    statement.span.end_line = lines_.number();
    result_.statements.push_back(std::move(statement));
  }

  Statement make_statement(std::string_view line, const std::vector<Piece>& pieces,
                           const Span& span, bool trigger) {
    Statement statement;
    const std::string_view left = trim_space_left(line);
    const std::string_view text = trim_space_right(left);
    statement.text = text;
    statement.trailing = left.substr(text.size());
    statement.pieces = slice(pieces, line.size() - left.size());
    statement.span = place_of(statement.pieces, span, 0);

    size_t at = 0;
    while (at < text.size() && !is_blank(text[at])) ++at;
    statement.keyword = text.substr(0, at);
    while (at < text.size() && is_blank(text[at])) ++at;
    const Keyword* keyword = find_keyword(statement.keyword);
    if (!keyword) {
      report_unknown(statement);
      return statement;
    }
    if (trigger && keyword->style == Style::Trigger) {
      report(statement, 0, statement.keyword.size(), "ONBUILD cannot trigger another ONBUILD");
      return statement;
    }
    auto flags = split_flags(text.substr(at), result_.directives.escape, at);
    statement.flags = std::move(flags.words);
    at += flags.rest;
    at = text.size() - trim_space_left(text.substr(at)).size();
    read_words(statement, keyword->style, text.substr(at), at);
    return statement;
  }

  void report_unknown(Statement& statement) {
    std::string hint;
    if (mistakes_.full()) {
      // Only counted.
    } else if (const auto near = meant(statement.keyword)) {
      hint = fmt::format("did you mean {}?", *near);
    } else if (statement.text.contains('\0')) {
      hint = "the file contains binary data";
    } else if (statement.span.column > 1 && !result_.statements.empty()) {
      hint = fmt::format("a line continues the instruction above it only if that one ends with {}",
                         result_.directives.escape);
    }
    report(statement, 0, statement.keyword.size(),
           fmt::format("unknown instruction: {}", plain(statement.keyword)), std::move(hint));
  }

  void read_words(Statement& statement, Style style, std::string_view args, size_t base) {
    const char escape = result_.directives.escape;
    if (args.empty()) return;
    switch (style) {
      case Style::Flat:
        statement.words.push_back({std::string(args), base});
        return;
      case Style::Words:
        statement.words = split_blanks(args, base);
        return;
      case Style::Quoted:
        statement.words = split_quoted(args, escape, base);
        return;
      case Style::Pairs:
        read_pairs(statement, args, base);
        return;
      case Style::JsonOrText:
      case Style::JsonOrWords:
        if (read_json(statement, args, base)) return;
        if (style == Style::JsonOrWords) {
          statement.words = split_blanks(args, base);
        } else {
          statement.words.push_back({std::string(args), base});
        }
        return;
      case Style::Health: {
        size_t end = 0;
        while (end < args.size() && !is_blank(args[end])) ++end;
        const std::string_view rest = trim_space_left(args.substr(end));
        const size_t rest_at = base + args.size() - rest.size();
        statement.words.push_back({std::string(args.substr(0, end)), base});
        if (rest.empty()) return;
        if (!read_json(statement, rest, rest_at))
          statement.words.push_back({std::string(rest), rest_at});
        return;
      }
      case Style::Trigger: {
        Statement inner = make_statement(statement.text.substr(base) + statement.trailing,
                                         slice(statement.pieces, base), statement.span, true);
        statement.broken |= inner.broken;
        statement.inner.push_back(std::move(inner));
        return;
      }
    }
  }

  // True if the arguments are a JSON array, be it a good one or not.
  bool read_json(Statement& statement, std::string_view args, size_t base) {
    auto array = parse_json_array(args, base);
    if (array.kind == JsonArray::Kind::NotJson) return false;
    if (array.kind == JsonArray::Kind::NotStrings) {
      report(statement, array.bad_offset, 1,
             "when using JSON array syntax, arrays must be comprised of strings only");
      return true;
    }
    statement.json = true;
    for (auto& word : array.words) statement.words.push_back(std::move(word));
    return true;
  }

  void read_pairs(Statement& statement, std::string_view args, size_t base) {
    const auto words = split_quoted(args, result_.directives.escape, base);
    if (words.empty()) return;
    if (!words.front().text.contains('=')) {
      const size_t end = std::min(args.find_first_of("\t\v\f\r "), args.size());
      size_t value = end;
      while (value < args.size() && is_blank(args[value])) ++value;
      if (end == args.size()) {
        report(statement, base, args.size(),
               fmt::format("{} must have two arguments", to_upper(statement.keyword)),
               fmt::format("write {0} {1}=value", to_upper(statement.keyword), plain(args)));
        return;
      }
      statement.words.push_back({std::string(args.substr(0, end)), base});
      statement.words.push_back({std::string(args.substr(value)), base + value});
      statement.words.push_back({"", base + end});
      return;
    }
    for (const auto& word : words) {
      const size_t equals = word.text.find('=');
      if (equals == word.text.npos) {
        report(statement, word.offset, word.text.size(),
               fmt::format("can't find = in {}: must be of the form name=value", shown(word.text)),
               "a value with blanks needs quotes");
        continue;
      }
      statement.words.push_back({word.text.substr(0, equals), word.offset});
      statement.words.push_back({word.text.substr(equals + 1), word.offset + equals + 1});
      statement.words.push_back({"=", word.offset + equals});
    }
  }

  static const Statement& innermost(const Statement& statement) {
    return statement.inner.empty() ? statement : statement.inner.front();
  }

  void take_heredocs(Statement& statement, const std::string& line) {
    const Statement& owner = innermost(statement);
    const Keyword* keyword = find_keyword(owner.keyword);
    if (keyword && (!keyword->heredocs || owner.json)) return;
    // For a misspelt RUN the body must be skipped too, or each of its lines would be a mistake of
    // its own.
    if (!keyword && mistakes_.count() > kMaxListed) return;
    for (auto& heredoc : announced_heredocs(line)) {
      const Lines before = lines_;
      if (!read_body(heredoc, keyword ? kWholeFile : kMaxGuess)) {
        if (!keyword) {
          lines_ = before;
          return;
        }
        const size_t at = std::min(statement.text.find("<<"), statement.text.size());
        report(statement, at, 2,
               fmt::format("unterminated heredoc: no line is {}", shown(heredoc.name)),
               near_line_ ? fmt::format("line {} has blanks around the word; it must stand alone",
                                        near_line_)
                          : std::string());
        return;
      }
      statement.heredocs.push_back(heredoc);
    }
    if (!statement.inner.empty()) statement.inner.front().heredocs = statement.heredocs;
  }

  bool read_body(Heredoc& heredoc, int most_lines) {
    near_line_ = 0;
    heredoc.line = lines_.number() + 1;
    while (const auto line = lines_.next()) {
      if (lines_.number() - heredoc.line >= most_lines) return false;
      if (line->too_long)
        report_too_long(*line);
      else if (ends_heredoc(heredoc, line->text))
        return true;
      if (!near_line_ && trim_space(line->text) == heredoc.name) near_line_ = line->number;
      heredoc.content += line->raw;
    }
    return false;
  }

  const std::string_view text_;
  Lines lines_;
  Mistakes& mistakes_;
  const char default_escape_;
  ScanResult result_;
  std::vector<std::string> comments_;
  std::set<std::string> seen_directives_;
  bool directives_done_ = false;
  int near_line_ = 0;  // where a heredoc's word was found with blanks around it
};

}  // namespace

ScanResult scan(std::string_view text, Mistakes& mistakes, char escape) {
  return Scanner(text, mistakes, escape).run();
}

std::vector<Statement> scan_or_throw(std::string_view text, std::string_view file_name) {
  Mistakes mistakes;
  auto result = scan(text, mistakes);
  if (!mistakes.empty()) throw to_error(mistakes, text, file_name);
  return std::move(result.statements);
}

const std::vector<std::string>& instruction_keywords() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const auto& keyword : kKeywords) names.emplace_back(keyword.name);
    return names;
  }();
  return kNames;
}

Span span_at(const Statement& statement, size_t offset) {
  return place_of(statement.pieces, statement.span, offset);
}
Span span_at(const Instruction& instruction, size_t offset) {
  return place_of(instruction.pieces, instruction.span, offset);
}

}  // namespace slipway::dockerfile

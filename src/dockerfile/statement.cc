// See statement.h.
#include "dockerfile/statement.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "dockerfile/parse.h"
#include "dockerfile/unicode.h"
#include "dockerfile/words.h"

namespace slipway::dockerfile {
namespace {

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

class StatementMaker {
 public:
  explicit StatementMaker(const StatementRules& rules) : rules_(rules) {}

  Statement make(std::string_view line, const std::vector<Piece>& pieces, const Span& span,
                 bool trigger) const {
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
    auto flags = split_flags(text.substr(at), rules_.escape, at);
    statement.flags = std::move(flags.words);
    at += flags.rest;
    at = text.size() - trim_space_left(text.substr(at)).size();
    read_words(statement, keyword->style, text.substr(at), at);
    return statement;
  }

 private:
  void report_unknown(Statement& statement) const {
    std::string hint;
    if (rules_.mistakes.full()) {
      // Only counted.
    } else if (const auto near = meant(statement.keyword)) {
      hint = fmt::format("did you mean {}?", *near);
      statement.meant = *near;
    } else if (statement.text.contains('\0')) {
      hint = "the file contains binary data";
    } else if (statement.span.column > 1 && !rules_.is_first) {
      hint = fmt::format("a line continues the instruction above it only if that one ends with {}",
                         rules_.escape);
    }
    report(statement, 0, statement.keyword.size(),
           fmt::format("unknown instruction: {}", plain(statement.keyword)), std::move(hint));
  }

  void read_words(Statement& statement, Style style, std::string_view args, size_t base) const {
    const char escape = rules_.escape;
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
        size_t rest_begin = end;
        while (rest_begin < args.size() && is_blank(args[rest_begin])) ++rest_begin;
        const std::string_view rest = args.substr(rest_begin);
        const size_t rest_at = base + rest_begin;
        statement.words.push_back({std::string(args.substr(0, end)), base});
        if (rest.empty()) return;
        if (!read_json(statement, rest, rest_at))
          statement.words.push_back({std::string(rest), rest_at});
        return;
      }
      case Style::Trigger: {
        Statement inner = make(statement.text.substr(base) + statement.trailing,
                               slice(statement.pieces, base), statement.span, true);
        statement.broken |= inner.broken;
        statement.inner.push_back(std::move(inner));
        return;
      }
    }
  }

  // True if the arguments are a JSON array, be it a good one or not.
  bool read_json(Statement& statement, std::string_view args, size_t base) const {
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

  void read_pairs(Statement& statement, std::string_view args, size_t base) const {
    const auto words = split_quoted(args, rules_.escape, base);
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

  void report(Statement& statement, size_t offset, size_t width, std::string what,
              std::string hint = {}) const {
    dockerfile::report(rules_, statement, offset, width, std::move(what), std::move(hint));
  }

  const StatementRules& rules_;
};

}  // namespace

const Keyword* find_keyword(std::string_view word) {
  if (word.size() > 16) return nullptr;
  const std::string upper = to_upper(word);
  for (const auto& keyword : kKeywords)
    if (keyword.name == upper) return &keyword;
  return nullptr;
}

Statement make_statement(std::string_view line, const std::vector<Piece>& pieces, const Span& whole,
                         const StatementRules& rules) {
  return StatementMaker(rules).make(line, pieces, whole, false);
}

void report(const StatementRules& rules, Statement& statement, size_t offset, size_t width,
            std::string what, std::string hint) {
  rules.mistakes.add({span_at(statement, offset), width, std::move(what), std::move(hint)});
  statement.broken = true;
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

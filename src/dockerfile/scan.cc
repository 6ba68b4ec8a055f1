// Lines -> logical lines -> statements. The loop in Scanner::run is the grammar's outer level;
// statement.cc has the inner one. The rules for comments, continuations and heredocs are those of
// compat 5.1.
#include "dockerfile/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/text.h"
#include "dockerfile/lines.h"
#include "dockerfile/parse.h"
#include "dockerfile/statement.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {
namespace {

// Far above any real file; keeps a file of 10 MB of two-letter lines from taking a gigabyte.
constexpr size_t kMaxStatements = 100'000;

// How far the body of a heredoc may reach: for a misspelt instruction the guess must stay cheap.
constexpr int kWholeFile = std::numeric_limits<int>::max();
constexpr int kMaxGuess = 1000;

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
  StatementRules rules() {
    return {result_.directives.escape, mistakes_, result_.statements.empty()};
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
    bool has_empty_line = false;
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
        has_empty_line = true;
        continue;
      }
      std::string_view part = next->text;
      more = strip_continuation(part, escape);
      if (!part.empty()) pieces.push_back({joined.size(), next->number, 1});
      joined += part;
    }
    span.end_line = lines_.number();
    if (has_empty_line)
      result_.warnings.push_back(
          {"NoEmptyContinuation", "Empty continuation line", {span.end_line, 1, span.end_line}});
    if (broken) {
      comments_.clear();
      return;
    }
    if (trim_space(joined).empty()) {
      mistakes_.add({span, 1, "nothing follows the line continuation", {}});
      return;
    }
    Statement statement = make_statement(joined, pieces, span, rules());
    statement.comments = std::move(comments_);
    comments_.clear();
    if (joined.contains("<<")) take_heredocs(statement, joined);
    statement.span.end_line = lines_.number();
    result_.statements.push_back(std::move(statement));
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
        report(rules(), statement, at, 2,
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

}  // namespace slipway::dockerfile

// Rules about files that do not parse: every mistake of the parser, and the one that lint can
// repair.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "lint/dockerfile_view.h"
#include "lint/rules.h"

namespace slipway::lint {
namespace {

/// Operators with which a line of shell text goes on but no instruction begins.
bool begins_like_the_rest_of_a_line(std::string_view word) {
  return word.starts_with("&&") || word.starts_with('|') || word.starts_with(';') ||
         word.starts_with(">>") || word == ">" || word.starts_with("2>");
}

bool ends_in_an_operator(std::string_view text) {
  text = trim(text);
  return text.ends_with("&&") || text.ends_with("|");
}

struct Lost {
  const dockerfile::Statement* statement;
  const dockerfile::Statement* before;
  bool is_certain;  // an operator says that the two belong together
};

// Lines that were meant to go on with the instruction above them.
std::vector<Lost> lost_lines(const DockerfileView& view) {
  std::vector<Lost> out;
  const auto& keywords = dockerfile::instruction_keywords();
  const dockerfile::Statement* before = nullptr;
  for (const auto& statement : view.statements()) {
    const bool is_known =
        std::find(keywords.begin(), keywords.end(), to_upper(statement.keyword)) != keywords.end();
    if (before && !is_known && statement.meant.empty()) {
      const bool is_certain =
          begins_like_the_rest_of_a_line(statement.keyword) || ends_in_an_operator(before->text);
      const bool was_lost = !out.empty() && out.back().statement == before;
      if (is_certain || (statement.span.column > 1 && to_upper(before->keyword) == "RUN"))
        out.push_back({&statement, before, is_certain && !was_lost});
    }
    before = &statement;
  }
  return out;
}

// " \" behind the last line of the instruction above; nothing where that would change what it
// means.
std::vector<Edit> continue_line(const DockerfileView& view, const dockerfile::Statement& before) {
  if (!before.heredocs.empty() || !before.span.end_line) return {};
  const std::string_view line = view.lines().line(before.span.end_line);
  if (line.contains(" #") || trim(line).empty()) return {};  // a comment would swallow it
  const size_t end = line.find_last_not_of(" \t") + 1;
  const size_t at = view.lines().start(before.span.end_line) + end;
  return {{at, at, fmt::format(" {}", view.dockerfile().directives.escape)}};
}

}  // namespace

void check_lost_continuation(const DockerfileView& view, Report& report) {
  for (const auto& lost : lost_lines(view)) {
    const size_t begin = view.offset(lost.statement->span);
    const std::string keyword = to_upper(lost.before->keyword);
    report.add(
        begin, begin, begin + lost.statement->keyword.size(),
        fmt::format("the line belongs to the {} above it, whose last line does not end in {}",
                    keyword, view.dockerfile().directives.escape),
        fmt::format("end line {} with {}", lost.before->span.end_line,
                    view.dockerfile().directives.escape),
        lost.is_certain ? continue_line(view, *lost.before) : std::vector<Edit>());
  }
}

void check_syntax(const DockerfileView& view, Report& report) {
  const auto lost = lost_lines(view);
  for (const Error& mistake : view.mistakes()) {
    // "name:line:column"
    const auto parts = split(mistake.where(), ':');
    if (parts.size() < 3) continue;
    const auto line = parse_u64(parts[parts.size() - 2]), column = parse_u64(parts.back());
    if (!line || !column) continue;
    const int number = static_cast<int>(*line);
    // The other rule says it better.
    if (std::any_of(lost.begin(), lost.end(),
                    [&](const Lost& entry) { return entry.statement->span.line == number; }))
      continue;
    const size_t begin = view.lines().offset(number, static_cast<int>(*column));
    const std::string_view text = view.lines().line(number);
    const size_t width = std::min(text.find(' ', *column - 1), text.size()) - (*column - 1);
    report.add(begin, begin, begin + (*column > text.size() ? 1 : width), mistake.message(),
               mistake.hint());
  }
}

}  // namespace slipway::lint

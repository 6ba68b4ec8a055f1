// Mistakes as Errors: the place, the source line with a caret under the word, and the list of all
// of them.
#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "dockerfile/ast.h"
#include "dockerfile/parse.h"
#include "dockerfile/scan.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {
namespace {

constexpr size_t kExcerptWidth = 100;  // characters of a source line that are shown

std::string_view line_of(std::string_view source, int line) {
  size_t begin = 0;
  for (int i = 1; i < line; ++i) {
    begin = source.find('\n', begin);
    if (begin == source.npos) return {};
    ++begin;
  }
  std::string_view text = source.substr(begin, source.find('\n', begin) - begin);
  if (line == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  while (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// A line as it can be printed on any terminal: one column per character, nothing that moves the
// cursor.
std::string printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Rune rune = decode_rune(text, at);
    if (text[at] == '\t')
      out += ' ';
    else if (rune.valid && is_printable(rune.value))
      out += text.substr(at, rune.size);
    else
      out += '?';
    at += rune.size;
  }
  return out;
}

size_t characters_in(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += decode_rune(text, at).size;
  return count;
}

std::string excerpt_of(std::string_view source, const Span& span, size_t width) {
  std::string_view line = line_of(source, span.line);
  size_t caret = std::min(static_cast<size_t>(std::max(span.column, 1) - 1), line.size());
  bool cut_front = false;
  if (line.size() > kExcerptWidth && caret > kExcerptWidth / 2) {
    size_t cut = caret - kExcerptWidth / 2;
    while (cut < caret && (static_cast<unsigned char>(line[cut]) & 0xc0) == 0x80) ++cut;
    line.remove_prefix(cut);
    caret -= cut;
    cut_front = true;
  }
  bool cut_back = false;
  if (line.size() > kExcerptWidth) {
    line = line.substr(0, kExcerptWidth);
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xc0) == 0x80)
      line.remove_suffix(1);
    cut_back = true;
  }
  const std::string number = fmt::format("{:4}", span.line);
  const size_t before = characters_in(line.substr(0, caret));
  const size_t marked = characters_in(line.substr(std::min(caret, line.size()), width));
  return fmt::format("{} | {}{}{}\n{} | {}^{}", number, cut_front ? "..." : "", printable(line),
                     cut_back ? "..." : "", std::string(number.size(), ' '),
                     std::string(before + (cut_front ? 3 : 0), ' '),
                     std::string(marked > 1 ? marked - 1 : 0, '~'));
}

Error to_error(const Mistake& mistake, std::string_view source, std::string_view file_name) {
  Error error(mistake.what,
              fmt::format("{}:{}:{}", file_name, mistake.span.line, mistake.span.column),
              mistake.hint);
  error.excerpt(excerpt_of(source, mistake.span, mistake.width));
  return error;
}

// Line and column from "file:line:column"; what has no place comes last.
std::pair<uint64_t, uint64_t> place_of(const Error& error) {
  constexpr uint64_t kNowhere = ~uint64_t{0};
  const std::string& where = error.where();
  const size_t column = where.rfind(':');
  if (column == where.npos || column == 0) return {kNowhere, 0};
  const size_t line = where.rfind(':', column - 1);
  if (line == where.npos) return {kNowhere, 0};
  const auto line_number = parse_u64(std::string_view(where).substr(line + 1, column - line - 1));
  const auto column_number = parse_u64(std::string_view(where).substr(column + 1));
  if (!line_number || !column_number) return {kNowhere, 0};
  return {*line_number, *column_number};
}

}  // namespace

void Mistakes::add(Mistake mistake) {
  if (count_++ < kMaxListed) listed_.push_back(std::move(mistake));
}

std::vector<Error> to_errors(const Mistakes& mistakes, std::string_view source,
                             std::string_view file_name) {
  std::vector<Mistake> sorted = mistakes.listed();
  std::stable_sort(sorted.begin(), sorted.end(), [](const Mistake& a, const Mistake& b) {
    return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
  });
  std::vector<Error> errors;
  for (const auto& mistake : sorted) errors.push_back(to_error(mistake, source, file_name));
  return errors;
}

Error as_one(std::vector<Error> errors) {
  std::stable_sort(errors.begin(), errors.end(),
                   [](const Error& a, const Error& b) { return place_of(a) < place_of(b); });
  // One mistake may be met several times, once for each platform.
  std::set<std::string> seen;
  std::erase_if(errors, [&](const Error& error) { return !seen.insert(error.render()).second; });
  const Error& first = errors.front();
  if (errors.size() == 1) return first;
  // The others follow the first one's excerpt, each with its own place, excerpt and hint.
  std::string excerpt = first.excerpt();
  const auto append = [&](const std::string& text) {
    excerpt += (excerpt.empty() ? "" : "\n") + text;
  };
  for (const auto& context : first.contexts()) append("  " + context);
  if (!first.hint().empty()) append("  hint: " + first.hint());
  for (size_t i = 1; i < std::min(errors.size(), kMaxListed); ++i) append(errors[i].render());
  if (errors.size() > kMaxListed) append(fmt::format("and {} more", errors.size() - kMaxListed));
  Error all(first.message(), first.where());
  all.excerpt(std::move(excerpt));
  return all;
}

Error to_error(const Mistakes& mistakes, std::string_view source, std::string_view file_name) {
  Error all = as_one(to_errors(mistakes, source, file_name));
  const size_t unlisted = mistakes.count() - mistakes.listed().size();
  if (unlisted == 0) return all;
  Error counted(all.message(), all.where());
  counted.excerpt(all.excerpt() + fmt::format("\nand {} more", unlisted));
  return counted;
}

Error error_at(const Dockerfile& file, const Span& span, std::string what, std::string hint,
               size_t width) {
  return to_error(Mistake{span, width, std::move(what), std::move(hint)}, file.source,
                  file.file_name);
}

std::string shown(std::string_view word) {
  constexpr size_t kMost = 60;
  if (word.size() <= kMost) return go_quote(word);
  std::string_view start = word.substr(0, kMost);
  while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0xc0) == 0x80)
    start.remove_suffix(1);
  if (!start.empty() && static_cast<unsigned char>(start.back()) >= 0xc0) start.remove_suffix(1);
  return go_quote(start) + "...";
}

}  // namespace slipway::dockerfile

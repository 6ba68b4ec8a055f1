// Mistakes as Errors: the place, the source line with a caret under the word, and the list of all
// of them.
#include <fmt/core.h>

#include <algorithm>

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

Error to_error(const Mistakes& mistakes, std::string_view source, std::string_view file_name) {
  const auto errors = to_errors(mistakes, source, file_name);
  const Error& first = errors.front();
  if (errors.size() == 1) return first;
  // One Error for all: the others follow the first one's excerpt, each with its own place, excerpt
  // and hint.
  std::string excerpt = first.excerpt();
  if (!first.hint().empty()) excerpt += "\n  hint: " + first.hint();
  for (size_t i = 1; i < errors.size(); ++i) excerpt += "\n" + errors[i].render();
  if (mistakes.count() > errors.size())
    excerpt += fmt::format("\nand {} more", mistakes.count() - errors.size());
  Error all(first.message(), first.where());
  all.excerpt(std::move(excerpt));
  return all;
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

// Unified diffs, by the longest common subsequence of lines. The common beginning and end are taken
// off first, so that the table stays small: what lint changes is near together.
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "lint/lint.h"

namespace slipway::lint {
namespace {

constexpr size_t kContext = 3;
constexpr size_t kMostCells = 16'000'000;  // above, the middle counts as replaced

struct Line {
  char sign;              // ' ', '-', '+'
  std::string_view text;  // with its end
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t length = end == text.npos ? text.size() : end + 1;
    out.push_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

using Span = std::pair<size_t, size_t>;

void middle(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b,
            Span in_a, Span in_b, std::vector<Line>& out) {
  const size_t rows = in_a.second - in_a.first, columns = in_b.second - in_b.first;
  const bool is_too_big = rows * columns > kMostCells;
  // length[i][j]: of the longest common subsequence of what is left from i and j.
  std::vector<uint32_t> length(is_too_big ? 0 : (rows + 1) * (columns + 1));
  const auto at = [&](size_t i, size_t j) -> uint32_t& { return length[i * (columns + 1) + j]; };
  if (!is_too_big)
    for (size_t i = rows; i-- > 0;)
      for (size_t j = columns; j-- > 0;)
        at(i, j) = a[in_a.first + i] == b[in_b.first + j] ? at(i + 1, j + 1) + 1
                                                          : std::max(at(i + 1, j), at(i, j + 1));
  size_t i = 0, j = 0;
  while (i < rows || j < columns) {
    if (!is_too_big && i < rows && j < columns && a[in_a.first + i] == b[in_b.first + j]) {
      out.push_back({' ', a[in_a.first + i]});
      ++i, ++j;
    } else if (i < rows && (j == columns || is_too_big || at(i + 1, j) >= at(i, j + 1))) {
      out.push_back({'-', a[in_a.first + i++]});
    } else {
      out.push_back({'+', b[in_b.first + j++]});
    }
  }
}

std::vector<Line> compare(std::string_view before, std::string_view after) {
  const auto a = lines_of(before), b = lines_of(after);
  size_t head = 0;
  while (head < std::min(a.size(), b.size()) && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  std::vector<Line> out;
  for (size_t i = 0; i < head; ++i) out.push_back({' ', a[i]});
  middle(a, b, {head, a.size() - tail}, {head, b.size() - tail}, out);
  for (size_t i = a.size() - tail; i < a.size(); ++i) out.push_back({' ', a[i]});
  return out;
}

std::string range(size_t start, size_t count) {
  return count == 1 ? fmt::format("{}", start + 1)
                    : fmt::format("{},{}", count == 0 ? start : start + 1, count);
}

}  // namespace

std::string unified_diff(std::string_view path, std::string_view before, std::string_view after) {
  if (before == after) return {};
  const auto lines = compare(before, after);
  while (path.starts_with("./")) path.remove_prefix(2);
  while (path.starts_with('/')) path.remove_prefix(1);
  std::string out = fmt::format("--- a/{0}\n+++ b/{0}\n", path);
  size_t old_line = 0, new_line = 0;
  for (size_t at = 0; at < lines.size();) {
    if (lines[at].sign == ' ') {
      ++at, ++old_line, ++new_line;
      continue;
    }
    // A hunk goes on as long as changes are at most twice the context apart.
    const size_t lead = std::min(at, kContext);
    size_t last = at;
    for (size_t i = at; i < lines.size() && i <= last + 2 * kContext; ++i)
      if (lines[i].sign != ' ') last = i;
    const size_t begin = at - lead, end = std::min(lines.size(), last + kContext + 1);
    size_t removed = 0, added = 0;
    std::string body;
    for (size_t i = begin; i < end; ++i) {
      removed += lines[i].sign != '+';
      added += lines[i].sign != '-';
      body += lines[i].sign;
      body += lines[i].text;
      if (!lines[i].text.ends_with('\n')) body += "\n\\ No newline at end of file\n";
    }
    out += fmt::format("@@ -{} +{} @@\n{}", range(old_line - lead, removed),
                       range(new_line - lead, added), body);
    old_line += removed - lead;
    new_line += added - lead;
    at = end;
  }
  return out;
}

}  // namespace slipway::lint

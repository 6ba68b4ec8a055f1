// See source.h.
#include "lint/source.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::lint {
namespace {

constexpr size_t kSniffed = 64 * 1024;  // as far as the content decides what a file is

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_yaml(std::string_view name) { return name.ends_with(".yml") || name.ends_with(".yaml"); }

}  // namespace

LineIndex::LineIndex(std::string_view text) : text_(text) {
  starts_.push_back(text.starts_with("\xef\xbb\xbf") ? 3 : 0);
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1))
    if (at + 1 < text.size()) starts_.push_back(at + 1);
}

Place LineIndex::place(size_t offset) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const size_t index =
      after == starts_.begin() ? 0 : static_cast<size_t>(after - starts_.begin()) - 1;
  const size_t column = offset > starts_[index] ? offset - starts_[index] : 0;
  return {static_cast<int>(index) + 1, static_cast<int>(column) + 1};
}

size_t LineIndex::start(int line) const {
  if (line < 1) return starts_.front();
  return line <= count() ? starts_[static_cast<size_t>(line) - 1] : text_.size();
}

size_t LineIndex::offset(int line, int column) const {
  return std::min(text_.size(), start(line) + static_cast<size_t>(std::max(column, 1) - 1));
}

std::string_view LineIndex::line(int line) const {
  if (line < 1 || line > count()) return {};
  std::string_view text = text_.substr(start(line), start(line + 1) - start(line));
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string_view line_end_of(std::string_view text) {
  const size_t at = text.find('\n');
  return at != text.npos && at > 0 && text[at - 1] == '\r' ? "\r\n" : "\n";
}

std::optional<Kind> kind_of_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  const std::string name = to_lower(slash == path.npos ? path : path.substr(slash + 1));
  if (is_yaml(name)) {
    if (("/" + std::string(path)).contains("/.github/workflows/")) return Kind::Workflow;
    if (name.starts_with("compose.") || name.starts_with("docker-compose.") ||
        name.starts_with("compose-") || name.starts_with("docker-compose-"))
      return Kind::Compose;
    return std::nullopt;
  }
  if (name.ends_with(".log") || name.ends_with(".rawjson")) return Kind::Log;
  // What a template or a program has in its name is not a Dockerfile yet, or about one.
  for (const std::string_view end :
       {".dockerignore", ".md", ".j2", ".jinja2", ".in", ".tmpl", ".tpl", ".template", ".erb",
        ".go", ".py", ".ts", ".js", ".cc", ".h"})
    if (name.ends_with(end)) return std::nullopt;
  for (const std::string_view word : {"dockerfile", "containerfile"})
    if (name == word || name.starts_with(std::string(word) + ".") ||
        name.ends_with("." + std::string(word)))
      return Kind::Dockerfile;
  return std::nullopt;
}

bool is_build_log(std::string_view text) {
  text = text.substr(0, kSniffed);
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("{\"vertexes\":[{")) return true;
    // "#12 [linux/arm64 build 2/4] RUN ...", maybe behind a time that a CI system put there.
    for (size_t at = line.find('#'); at != line.npos; at = line.find('#', at + 1)) {
      const size_t blank = line.find(' ', at);
      if (blank != line.npos && is_number(std::string_view(line).substr(at + 1, blank - at - 1)) &&
          (at == 0 || line[at - 1] == ' ') && line.compare(blank, 2, " [") == 0)
        return true;
    }
  }
  return false;
}

Kind kind_of_text(std::string_view text) {
  if (is_build_log(text)) return Kind::Log;
  for (const auto& line : split(text.substr(0, kSniffed), '\n')) {
    if (line.starts_with("jobs:")) return Kind::Workflow;
    if (line.starts_with("services:")) return Kind::Compose;
  }
  return Kind::Dockerfile;
}

}  // namespace slipway::lint

// Physical lines of a Dockerfile and what single lines are: comment, continued, directive, end of a
// heredoc.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/parse.h"

namespace slipway::dockerfile {

// The file as physical lines. A copy is a cheap look ahead.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  struct Line {
    std::string_view raw;   // with its end
    std::string_view text;  // without
    int number = 0;
    bool too_long = false;  // both are empty then
  };

  std::optional<Line> next() {
    if (at_ >= text_.size()) return std::nullopt;
    const size_t newline = text_.find('\n', at_);
    const size_t length = std::min(newline, text_.size()) - at_;
    Line line{text_.substr(at_, length + (newline != text_.npos)), {}, ++number_};
    at_ += line.raw.size();
    if (length > kMaxLine) return Line{{}, {}, number_, true};
    if (number_ == 1 && line.raw.starts_with("\xef\xbb\xbf")) line.raw.remove_prefix(3);
    line.text = line.raw.substr(0, line.raw.find_last_not_of("\r\n") + 1);
    return line;
  }
  int number() const { return number_; }

 private:
  std::string_view text_;
  size_t at_ = 0;
  int number_ = 0;
};

/// Blanks, then "#".
bool is_comment(std::string_view line);

/// If the line ends in an escape that stands alone, removes it with the blanks behind it.
bool strip_continuation(std::string_view& line, char escape);

/// Whether this line ends the body of the heredoc.
bool ends_heredoc(const Heredoc& heredoc, std::string_view line);

/// The heredocs that a logical line announces, in order; content and line unset.
std::vector<Heredoc> announced_heredocs(const std::string& line);

/// `# key=value` with a known key, lower-cased. `comment` is "#" or "//".
struct DirectiveLine {
  std::string key, value;
};
std::optional<DirectiveLine> directive_line(std::string_view line, std::string_view comment);

}  // namespace slipway::dockerfile

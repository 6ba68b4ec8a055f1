// See lines.h.
#include "dockerfile/lines.h"

#include <cstdint>
#include <limits>

#include "base/text.h"
#include "dockerfile/expand.h"
#include "dockerfile/scan.h"
#include "dockerfile/unicode.h"

namespace slipway::dockerfile {

bool is_comment(std::string_view line) { return trim_space_left(line).starts_with('#'); }

bool strip_continuation(std::string_view& line, char escape) {
  const size_t last = line.find_last_not_of(" \t");
  if (last == line.npos || line[last] != escape) return false;
  if (last > 0 && line[last - 1] == escape) return false;
  line = line.substr(0, last);
  return true;
}

bool ends_heredoc(const Heredoc& heredoc, std::string_view line) {
  if (heredoc.strip_tabs) line.remove_prefix(std::min(line.find_first_not_of('\t'), line.size()));
  return line == heredoc.name;
}

std::optional<DirectiveLine> directive_line(std::string_view line, std::string_view comment) {
  if (!line.starts_with(comment)) return std::nullopt;
  line = trim_space_left(line.substr(comment.size()));
  static constexpr std::string_view kBlanks = " \t\n\f\r";
  size_t end = 0;
  while (end < line.size() &&
         (is_letter(static_cast<unsigned char>(line[end])) ||
          (end > 0 && line[end] >= '0' && line[end] <= '9')) &&
         static_cast<unsigned char>(line[end]) < 0x80)
    ++end;
  if (end == 0) return std::nullopt;
  DirectiveLine directive{to_lower(line.substr(0, end)), {}};
  line.remove_prefix(end);
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  if (!line.starts_with('=')) return std::nullopt;
  line.remove_prefix(1);
  const size_t begin = line.find_first_not_of(kBlanks);
  if (begin == line.npos) return std::nullopt;
  directive.value = line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
  if (directive.key != "syntax" && directive.key != "escape" && directive.key != "check")
    return std::nullopt;
  return directive;
}

std::vector<Heredoc> announced_heredocs(const std::string& line) {
  ExpandOptions options;  // always the backslash, whatever the escape directive says
  options.keep_quotes = options.keep_escapes = options.keep_unset = true;
  std::vector<Heredoc> heredocs;
  try {
    for (const auto& word : expand_words(line, {}, options))
      if (auto heredoc = heredoc_of(word)) heredocs.push_back(std::move(*heredoc));
  } catch (const ExpandError&) {
    return {};  // unbalanced quotes: the shell's business
  }
  return heredocs;
}

std::optional<Heredoc> heredoc_of(std::string_view word) {
  size_t at = 0;
  while (at < word.size() && word[at] >= '0' && word[at] <= '9') ++at;
  Heredoc heredoc;
  if (at > 0)
    heredoc.fd = static_cast<int>(
        std::min<uint64_t>(parse_u64(word.substr(0, at)).value_or(std::numeric_limits<int>::max()),
                           std::numeric_limits<int>::max()));
  if (!word.substr(at).starts_with("<<")) return std::nullopt;
  at += 2;
  heredoc.strip_tabs = word.substr(at).starts_with('-');
  if (heredoc.strip_tabs) ++at;
  at = std::min(word.find_first_not_of("\t\n\f\r ", at), word.size());
  const std::string_view name = word.substr(at);
  if (name.empty() || name.contains('<')) return std::nullopt;

  // The word with and without its quotes: if their number differs, some of it was quoted.
  ExpandOptions options;
  options.keep_unset = true;
  const auto count_quotes = [](const std::string& text) {
    return std::count_if(text.begin(), text.end(), [](char c) { return c == '\'' || c == '"'; });
  };
  try {
    const auto words = expand_words(name, {}, options);
    options.keep_quotes = true;
    const auto raw = expand_words(name, {}, options);
    if (words.size() != 1 || raw.size() != 1) return std::nullopt;
    heredoc.name = words.front();
    heredoc.expand = count_quotes(words.front()) == count_quotes(raw.front());
  } catch (const ExpandError&) {
    return std::nullopt;
  }
  return heredoc;
}

}  // namespace slipway::dockerfile

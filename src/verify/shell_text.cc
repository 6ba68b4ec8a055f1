#include "verify/shell_text.h"

#include <algorithm>
#include <array>

namespace slipway::verify {
namespace {

constexpr std::string_view kBlanks = " \t\n";
constexpr std::string_view kSpecial = "$`\"'\\(){}<>*?[]~#!";

bool is_assignment(std::string_view word) {
  const size_t equals = word.find('=');
  return equals != word.npos && equals > 0 && word.substr(0, equals).find_first_not_of(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == word.npos;
}

/// Commands that change nothing about which program comes next.
bool is_preparation(std::string_view word) {
  static constexpr std::array<std::string_view, 7> kWords = {"set", "export", "umask", "ulimit", "true", ":", "unset"};
  return std::ranges::find(kWords, word) != kWords.end();
}

bool is_keyword(std::string_view word) {
  static constexpr std::array<std::string_view, 8> kWords = {"if", "while", "until", "for", "case", "function", ".", "source"};
  return std::ranges::find(kWords, word) != kWords.end();
}

/// Words up to the next of ; & | or the end of the line, which are taken away as well.
std::vector<std::string_view> next_words(std::string_view& text) {
  std::vector<std::string_view> words;
  const size_t line = text.find_first_of(";&|\n");
  std::string_view command = text.substr(0, line);
  text.remove_prefix(line == text.npos ? text.size() : std::min(text.size(), text.find_first_not_of(";&|\n", line)));
  while (true) {
    const size_t begin = command.find_first_not_of(kBlanks);
    if (begin == command.npos) return words;
    const size_t end = std::min(command.size(), command.find_first_of(kBlanks, begin));
    words.push_back(command.substr(begin, end - begin));
    command.remove_prefix(end);
  }
}

}  // namespace

std::optional<ShellCommand> first_command(std::string_view text) {
  ShellCommand out;
  while (!text.empty()) {
    auto words = next_words(text);
    size_t at = 0;
    while (at < words.size() && (is_assignment(words[at]) || words[at] == "exec")) ++at;
    if (at == words.size()) continue;
    const std::string_view word = words[at];
    if (word.find_first_of(kSpecial) != word.npos || is_keyword(word)) return std::nullopt;
    if (is_preparation(word)) continue;
    if (word == "cd") {
      if (words.size() != at + 2 || words[at + 1].find_first_of(kSpecial) != words[at + 1].npos) return std::nullopt;
      const std::string_view to = words[at + 1];
      out.cwd = to.starts_with('/') || out.cwd.empty() ? std::string(to) : out.cwd + "/" + std::string(to);
      continue;
    }
    for (; at < words.size() && words[at].find_first_of(kSpecial) == std::string_view::npos; ++at)
      out.words.emplace_back(words[at]);
    return out;
  }
  return std::nullopt;
}

}  // namespace slipway::verify

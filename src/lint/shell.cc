// See shell.h.
#include "lint/shell.h"

#include <algorithm>
#include <array>
#include <optional>

namespace slipway::lint {
namespace {

constexpr std::array<std::string_view, 16> kPrefixes = {
    "if", "then", "else", "elif", "do",  "while", "until",   "!",
    "{",  "}",    "time", "sudo", "env", "exec",  "command", "nice"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::optional<Assignment> assignment_of(std::string_view text, const ShellWord& word) {
  size_t at = word.begin;
  while (at < word.end && is_name(text[at])) ++at;
  if (at == word.begin || at >= word.end || text[at] != '=') return std::nullopt;
  Assignment out;
  out.name = text.substr(word.begin, at - word.begin);
  if (out.name[0] >= '0' && out.name[0] <= '9') return std::nullopt;
  out.begin = word.begin;
  out.value_begin = at + 1;
  out.value_end = word.end;
  out.value = word.value.substr(out.name.size() + 1);
  return out;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<ShellCommand> run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_blank(c)) {
        ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
        at_ += 2;
      } else if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '\n' || c == ';' || c == '&' || c == '|' || c == '(' || c == ')') {
        take_operator();
      } else {
        take_word();
      }
    }
    finish("");
    return std::move(commands_);
  }

 private:
  void take_operator() {
    size_t length = 1;
    if (at_ + 1 < text_.size() && text_[at_ + 1] == text_[at_] && text_[at_] != '\n') length = 2;
    // 2>&1 and &>file are redirections.
    if (text_[at_] == '&' && length == 1 &&
        ((at_ > 0 && text_[at_ - 1] == '>') || (at_ + 1 < text_.size() && text_[at_ + 1] == '>'))) {
      take_word();
      return;
    }
    finish(std::string(text_.substr(at_, length)));
    at_ += length;
  }

  void take_word() {
    ShellWord word;
    word.begin = at_;
    int depth = 0;  // of $( and ${
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      const bool is_end =
          is_blank(c) || c == '\n' || c == ';' || c == '|' || c == '(' || c == ')' ||
          (c == '&' && !(at_ > word.begin && text_[at_ - 1] == '>') && !(at_ == word.begin));
      if (depth == 0 && is_end) break;
      if (c == '\'' && depth == 0) {
        const size_t close = std::min(text_.find('\'', at_ + 1), text_.size());
        word.value += text_.substr(at_ + 1, close - at_ - 1);
        at_ = std::min(close, text_.size() - 1);
      } else if (c == '"' && depth == 0) {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
          if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
          word.value += text_[at_];
        }
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        if (text_[at_] != '\n') word.value += text_[at_];
      } else {
        if (c == '$' && at_ + 1 < text_.size() &&
            (text_[at_ + 1] == '(' || text_[at_ + 1] == '{')) {
          word.value += c;
          word.value += text_[++at_];
          ++depth;
          continue;
        }
        if (depth > 0 && (c == '(' || c == '{')) ++depth;
        if (depth > 0 && (c == ')' || c == '}')) --depth;
        word.value += c;
      }
    }
    at_ = std::min(at_, text_.size());
    word.end = at_;
    words_.push_back(std::move(word));
  }

  void finish(std::string next) {
    if (!words_.empty()) {
      ShellCommand command;
      command.before = before_;
      command.begin = words_.front().begin;
      command.end = words_.back().end;
      for (auto& word : words_) {
        if (command.words.empty()) {
          if (std::find(kPrefixes.begin(), kPrefixes.end(), word.value) != kPrefixes.end())
            continue;
          if (auto assignment = assignment_of(text_, word)) {
            command.assignments.push_back(std::move(*assignment));
            continue;
          }
        }
        command.words.push_back(std::move(word));
      }
      words_.clear();
      commands_.push_back(std::move(command));
      before_ = std::move(next);
    } else if (!next.empty() && next != "\n") {
      before_ = std::move(next);
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::string before_;
  std::vector<ShellWord> words_;
  std::vector<ShellCommand> commands_;
};

}  // namespace

size_t Script::file_offset(size_t at) const {
  size_t offset = at;
  for (const auto& [from, place] : pieces) {
    if (from > at) break;
    offset = place + (at - from);
  }
  return offset;
}

bool Script::is_in_one_piece(size_t begin, size_t end) const {
  return std::none_of(pieces.begin(), pieces.end(),
                      [&](const auto& piece) { return piece.first > begin && piece.first < end; });
}

std::string ShellCommand::program() const {
  if (words.empty()) return {};
  const std::string& word = words.front().value;
  return word.substr(word.rfind('/') + 1);
}

bool ShellCommand::is(std::string_view wanted, std::string_view argument) const {
  if (program() != wanted) return false;
  if (argument.empty()) return true;
  const auto rest = arguments();
  return std::any_of(rest.begin(), rest.end(),
                     [&](const ShellWord& word) { return word.value == argument; });
}

std::string ShellCommand::option(std::string_view letter, std::string_view name) const {
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i].value;
    const bool has_next = i + 1 < words.size();
    const std::string dashed = "-" + std::string(letter), longer = "--" + std::string(name);
    if (has_next && ((!letter.empty() && word == dashed) || (!name.empty() && word == longer)))
      return words[i + 1].value;
    if (!name.empty() && word.starts_with(longer + "=")) return word.substr(longer.size() + 1);
    // -Lo file, -xzf file: the letter ends a group.
    if (has_next && letter.size() == 1 && word.size() > 2 && word[0] == '-' && word[1] != '-' &&
        word.back() == letter[0])
      return words[i + 1].value;
  }
  return {};
}

std::vector<ShellWord> ShellCommand::arguments() const {
  std::vector<ShellWord> out;
  for (size_t i = 1; i < words.size(); ++i)
    if (!words[i].value.starts_with('-')) out.push_back(words[i]);
  return out;
}

std::vector<ShellCommand> shell_commands(std::string_view text) { return Splitter(text).run(); }

std::vector<Assignment> all_assignments(const ShellCommand& command) {
  std::vector<Assignment> out = command.assignments;
  const std::string program = command.program();
  const bool is_go_env = program == "go" && command.words.size() > 2 &&
                         command.words[1].value == "env" && command.words[2].value == "-w";
  if (program != "export" && !is_go_env) return out;
  for (size_t i = 1; i < command.words.size(); ++i) {
    const ShellWord& word = command.words[i];
    const size_t equals = word.value.find('=');
    if (equals == word.value.npos || equals == 0) continue;
    Assignment assignment;
    assignment.name = word.value.substr(0, equals);
    assignment.value = word.value.substr(equals + 1);
    assignment.begin = word.begin;
    assignment.value_begin = word.begin + equals + 1;
    assignment.value_end = word.end;
    out.push_back(std::move(assignment));
  }
  return out;
}

bool asks_for_architecture(std::string_view script) {
  for (const std::string_view word :
       {"TARGETARCH", "TARGETPLATFORM", "TARGETVARIANT", "BUILDARCH", "BUILDPLATFORM", "uname -m",
        "uname -p", "--print-architecture", "--print-arch", "$(arch)", "`arch`", "HOSTTYPE",
        "dpkg-architecture", "xx-info", "add-architecture"})
    if (script.find(word) != script.npos) return true;
  return false;
}

}  // namespace slipway::lint

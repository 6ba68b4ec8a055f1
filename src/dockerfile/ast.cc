// Questions about parsed instructions that need no environment.
#include "dockerfile/ast.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::dockerfile {

std::string heredoc_text(const Heredoc& heredoc) {
  if (!heredoc.strip_tabs) return heredoc.content;
  std::string out;
  bool line_begins = true;
  for (const char c : heredoc.content) {
    if (line_begins && c == '\t') continue;
    out += c;
    line_begins = c == '\n';
  }
  return out;
}

std::string shell_text(const Command& command) {
  if (command.form == Command::Form::Script) return heredoc_text(command.heredocs.front());
  std::string text = command.text;
  for (const auto& heredoc : command.heredocs) text += "\n" + heredoc.content + heredoc.name;
  return text;
}

bool is_executable_script(const Command& command) {
  return command.form == Command::Form::Script &&
         command.heredocs.front().content.starts_with("#!");
}

std::string keyword_of(const Instruction& instruction) { return to_upper(instruction.keyword); }

std::optional<size_t> find_stage(const Dockerfile& file, std::string_view name, size_t before) {
  before = std::min(before, file.stages.size());
  if (name.empty()) return std::nullopt;
  const std::string lower = to_lower(name);
  // Of stages with one name the last one counts; a name cannot begin with a digit.
  for (size_t i = before; i-- > 0;)
    if (file.stages[i].name() == lower) return i;
  if (const auto number = parse_u64(name); number && *number < before) return *number;
  return std::nullopt;
}

Span span_of(const Instruction& instruction, std::string_view word) {
  const size_t keyword = std::min(instruction.keyword.size(), instruction.text.size());
  const size_t at = word.empty() ? instruction.text.npos : instruction.text.find(word, keyword);
  return at == instruction.text.npos ? instruction.span : span_at(instruction, at);
}

}  // namespace slipway::dockerfile

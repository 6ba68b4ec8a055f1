// The shell text of a RUN or of a workflow's step as simple commands with their places. Knows
// quotes, operators, comments and assignments; expands nothing and looks into no substitution.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::lint {

/// Text that is not contiguous in its file, since continuations were joined.
struct Script {
  std::string text;
  std::vector<std::pair<size_t, size_t>> pieces;  // byte of text, byte of file; ascending

  size_t file_offset(size_t at) const;
  /// Whether [begin, end) is one stretch of the file, so that an edit may replace it.
  bool is_in_one_piece(size_t begin, size_t end) const;
};

struct ShellWord {
  std::string value;          // without quotes
  size_t begin = 0, end = 0;  // of Script::text
};

struct Assignment {
  std::string name, value;
  size_t begin = 0;                       // of the name
  size_t value_begin = 0, value_end = 0;  // with its quotes
};

struct ShellCommand {
  std::string before;  // the operator in front of it: "&&", "||", "|", ";", "\n", "(" or ""
  std::vector<Assignment> assignments;
  std::vector<ShellWord> words;  // the program first; without if, then, do, sudo, env ...
  size_t begin = 0, end = 0;

  /// The program without its folder; empty if there are only assignments.
  std::string program() const;
  /// Whether it is `program argument ...`, flags between them left out.
  bool is(std::string_view program, std::string_view argument = {}) const;
  /// The value of `-x value`, `--long value`, `--long=value`; empty if it is not there.
  std::string option(std::string_view letter, std::string_view name) const;
  /// The words behind the program that are no flags.
  std::vector<ShellWord> arguments() const;
};

std::vector<ShellCommand> shell_commands(std::string_view text);

/// What `name=value` in front of a command, behind `export` or `env` or alone says.
std::vector<Assignment> all_assignments(const ShellCommand& command);

/// Whether the script asks which architecture it runs on or builds for, and so may name several.
bool asks_for_architecture(std::string_view script);

}  // namespace slipway::lint

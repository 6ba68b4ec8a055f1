// The first program that the text of a shell-form CMD starts, where that can be seen without being a shell.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::verify {

struct ShellCommand {
  std::vector<std::string> words;  // program and arguments, up to the first word that only a shell understands
  std::string cwd;                 // where a `cd` before it went; empty: nowhere
};

/// "cd /app && exec ./main -v" -> {./main, -v} in /app. nullopt for anything but plain words: variables, quotes around the
/// program, functions, loops.
std::optional<ShellCommand> first_command(std::string_view text);

}  // namespace slipway::verify

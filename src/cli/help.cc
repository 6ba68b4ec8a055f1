#include "cli/help.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace slipway::cli {
namespace {

/// `text` broken at blanks; every line but the first begins with `indent` blanks.
std::string wrapped(std::string_view text, size_t indent, size_t columns) {
  std::string out;
  size_t column = indent;
  for (const auto& word : split(text, ' ')) {
    if (column > indent && column + 1 + word.size() > columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

/// Paragraphs are wrapped, lines that begin with a blank stay.
std::string wrapped_text(std::string_view text, size_t columns) {
  std::string out;
  for (const auto& line : split(text, '\n'))
    out += (line.starts_with(' ') ? line : wrapped(line, 0, columns)) + "\n";
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

std::string spelling(const Flag& flag) {
  std::string out = flag.letter ? fmt::format("-{}, ", flag.letter) : "    ";
  out += fmt::format("--{}", flag.name);
  if (flag.kind == Flag::Kind::Optional)
    out += fmt::format("[={}]", flag.value);
  else if (!flag.value.empty())
    out += fmt::format(" {}", flag.value);
  return out;
}

std::vector<std::string_view> groups_of(const Command& command) {
  std::vector<std::string_view> groups;
  for (const Flag& flag : command.flags)
    if (!flag.is_hidden && std::find(groups.begin(), groups.end(), flag.group) == groups.end())
      groups.push_back(flag.group);
  return groups;
}

}  // namespace

std::string overview() {
  std::string out =
      "slipway builds container images for every architecture, without a daemon and without "
      "root.\n\n"
      "Usage: slipway COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : commands())
    out += fmt::format("  {:<12}{}\n", command.name, command.summary);
  return out +
         "\n`slipway COMMAND --help` says more of a command. `slipway man` prints the manual "
         "page.\n";
}

std::string help_text(const Command& command, size_t columns) {
  std::string out =
      fmt::format("Usage: slipway {}{}{}\n\n{}.\n", command.name,
                  command.arguments.empty() ? "" : " ", command.arguments, command.summary);
  if (!command.aliases.empty()) out += fmt::format("Also: slipway {}\n", command.aliases);
  if (!command.text.empty()) out += "\n" + wrapped_text(command.text, columns);
  constexpr size_t kIndent = 34;
  const auto list = [&](std::span<const Flag> flags, std::string_view group) {
    for (const Flag& flag : flags) {
      if (flag.is_hidden || flag.group != group) continue;
      std::string left = "  " + spelling(flag);
      left += left.size() + 2 > kIndent ? "\n" + std::string(kIndent, ' ')
                                        : std::string(kIndent - left.size(), ' ');
      out += left + wrapped(flag.help, kIndent, columns) + "\n";
    }
  };
  for (const auto group : groups_of(command)) {
    out += fmt::format("\n{}:\n", group.empty() ? "Options" : group);
    list(command.flags, group);
  }
  if (groups_of(command) != std::vector<std::string_view>{""}) out += "\nOptions:\n";
  list(common_flags(), "");
  return out;
}

}  // namespace slipway::cli

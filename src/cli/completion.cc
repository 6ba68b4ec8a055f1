// Completion scripts. They are static text: completing a word starts no slipway process.
#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/help.h"

namespace slipway::cli {
namespace {

std::vector<const Flag*> visible_flags(const Command& command) {
  std::vector<const Flag*> out;
  for (const auto& flags : {command.flags, common_flags()})
    for (const Flag& flag : flags)
      if (!flag.is_hidden) out.push_back(&flag);
  return out;
}

std::string spaced(std::string_view commas) {
  std::string out(commas);
  std::replace(out.begin(), out.end(), ',', ' ');
  return out;
}

std::string names(const Command& command, const char* separator) {
  std::string out(command.name);
  if (!command.aliases.empty())
    for (const auto& alias : split(command.aliases, ',')) out += separator + alias;
  return out;
}

/// 'text' with the quotes inside it kept, for every one of the shells.
std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string bash_reply(Complete complete, std::string_view choices) {
  switch (complete) {
    case Complete::File:
      return "COMPREPLY=($(compgen -f -- \"$word\"))";
    case Complete::Directory:
      return "COMPREPLY=($(compgen -d -- \"$word\"))";
    case Complete::Choice:
      return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", spaced(choices));
    case Complete::Nothing:
      return "COMPREPLY=()";
  }
  return {};
}

/// The next word is the flag's value.
bool takes_word(const Flag& flag) {
  return flag.kind != Flag::Kind::Bool && flag.kind != Flag::Kind::Optional;
}

std::string bash() {
  std::string all, cases;
  for (const Command& command : commands()) {
    all += (all.empty() ? "" : " ") + std::string(command.name);
    std::string flags, values;
    for (const Flag* flag : visible_flags(command)) {
      flags += fmt::format("{}--{}", flags.empty() ? "" : " ", flag->name);
      if (flag->letter) flags += fmt::format(" -{}", flag->letter);
      if (!takes_word(*flag)) continue;
      const std::string pattern = flag->letter ? fmt::format("--{}|-{}", flag->name, flag->letter)
                                               : fmt::format("--{}", flag->name);
      values += fmt::format("        {}) {}; return ;;\n", pattern,
                            bash_reply(flag->complete, flag->choices));
    }
    cases += fmt::format("    {})\n", names(command, "|"));
    if (!values.empty()) cases += fmt::format("      case $previous in\n{}      esac\n", values);
    cases += fmt::format(
        "      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n      else "
        "{}; fi ;;\n",
        flags, bash_reply(command.complete, command.choices));
  }
  return fmt::format(R"(# bash completion for slipway
_slipway() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=${{COMP_WORDS[1]}}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{}' -- "$word"))
    return
  fi
  case $command in
{}  esac
}}
complete -o filenames -o bashdefault -F _slipway slipway
)",
                     all, cases);
}

/// Text inside an _arguments specification: brackets and colons have a meaning there.
std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(Complete complete, std::string_view choices) {
  switch (complete) {
    case Complete::File:
      return "_files";
    case Complete::Directory:
      return "_files -/";
    case Complete::Choice:
      return fmt::format("({})", zsh_escaped(spaced(choices)));
    case Complete::Nothing:
      return " ";
  }
  return {};
}

std::string zsh() {
  std::string list, cases;
  for (const Command& command : commands()) {
    list += fmt::format("    {}\n", single_quoted(fmt::format("{}:{}", command.name,
                                                              zsh_escaped(command.summary))));
    cases += fmt::format("    {})\n      _arguments -s -S", names(command, "|"));
    for (const Flag* flag : visible_flags(command)) {
      const bool repeats = flag->kind == Flag::Kind::List || flag->kind == Flag::Kind::CommaList;
      const std::string rest =
          fmt::format("[{}]", zsh_escaped(flag->help)) +
          (takes_word(*flag) ? fmt::format(":{}:{}", zsh_escaped(flag->value),
                                           zsh_action(flag->complete, flag->choices))
                             : "");
      std::vector<std::string> spellings = {fmt::format("--{}", flag->name)};
      if (flag->letter) spellings.push_back(fmt::format("-{}", flag->letter));
      for (const auto& spelled : spellings)
        cases += " \\\n        " + single_quoted((repeats ? "*" : "") + spelled + rest);
    }
    if (command.max_arguments)
      cases +=
          " \\\n        " + single_quoted(fmt::format(
                                "*:argument:{}", zsh_action(command.complete, command.choices)));
    cases += " ;;\n";
  }
  return fmt::format(R"(#compdef slipway
# zsh completion for slipway
_slipway() {{
  local -a commands
  commands=(
{}  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
{}  esac
}}
if [[ $funcstack[1] == _slipway ]]; then _slipway "$@"; else compdef _slipway slipway; fi
)",
                     list, cases);
}

std::string fish() {
  std::string out = "# fish completion for slipway\ncomplete -c slipway -f\n";
  for (const Command& command : commands())
    out += fmt::format("complete -c slipway -n __fish_use_subcommand -a {} -d {}\n", command.name,
                       single_quoted(command.summary));
  const auto action = [](Complete complete, std::string_view choices) -> std::string {
    switch (complete) {
      case Complete::File:
        return " -r -F";
      case Complete::Directory:
        return " -x -a '(__fish_complete_directories)'";
      case Complete::Choice:
        return fmt::format(" -x -a {}", single_quoted(spaced(choices)));
      case Complete::Nothing:
        return " -x";
    }
    return {};
  };
  for (const Command& command : commands()) {
    const std::string condition =
        single_quoted(fmt::format("__fish_seen_subcommand_from {}", names(command, " ")));
    for (const Flag* flag : visible_flags(command)) {
      out += fmt::format("complete -c slipway -n {} -l {}", condition, flag->name);
      if (flag->letter) out += fmt::format(" -s {}", flag->letter);
      if (takes_word(*flag)) out += action(flag->complete, flag->choices);
      out += fmt::format(" -d {}\n", single_quoted(flag->help));
    }
    if (command.complete != Complete::Nothing) {
      const std::string words =
          command.complete == Complete::File ? " -F" : action(command.complete, command.choices);
      out += fmt::format("complete -c slipway -n {}{}\n", condition, words);
    }
  }
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash();
  if (shell == "zsh") return zsh();
  if (shell == "fish") return fish();
  throw Error(fmt::format("there is no completion for \"{}\"", shell), {},
              "the shells are bash, zsh and fish");
}

}  // namespace slipway::cli

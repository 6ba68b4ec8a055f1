#include "cli/parse_args.h"

#include <fmt/core.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace slipway::cli {
namespace {

std::string usage_of(const Command& command) {
  return fmt::format("usage: slipway {} {}; `slipway {} --help` lists the flags", command.name,
                     command.arguments, command.name);
}

/// Spells "--name=v" and "-n=v" out as "--name", "v" where docker's flag library and CLI11 differ:
/// CLI11 takes the next word for an empty value and keeps the "=" behind a letter. Everything
/// behind "--" stays as it is.
std::vector<std::string> spell_out(const Command& command, std::span<const std::string> args) {
  std::vector<std::string> out;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const bool is_long = arg.starts_with("--");
    const bool is_short = !is_long && arg.size() > 1 && arg[0] == '-';
    const size_t equals = is_long                                       ? arg.find('=')
                          : is_short && arg.size() > 2 && arg[2] == '=' ? 2
                                                                        : arg.npos;
    const Flag* flag = is_long
                           ? find_flag(command, std::string_view(arg).substr(
                                                    2, equals == arg.npos ? equals : equals - 2))
                       : is_short ? find_flag(command, arg[1])
                                  : nullptr;
    if (arg == "--") {
      out.insert(out.end(), args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    const bool has_inline_value = equals != arg.npos;
    if (!flag || (is_short && !has_inline_value && arg.size() > 2)) {
      out.push_back(arg);
    } else if (flag->kind == Flag::Kind::Bool) {
      out.push_back(has_inline_value ? fmt::format("--{}{}", flag->name, arg.substr(equals)) : arg);
    } else if (flag->kind == Flag::Kind::Optional) {
      out.push_back(fmt::format("--{}", flag->name));
      out.push_back(has_inline_value ? arg.substr(equals + 1) : "");
    } else {
      if (!has_inline_value && i + 1 == args.size())
        throw Error(fmt::format("flag needs a value: {}", arg), {},
                    fmt::format("write {} {}", arg, flag->value));
      out.push_back(fmt::format("--{}", flag->name));
      out.push_back(has_inline_value ? arg.substr(equals + 1) : args[++i]);
    }
  }
  return out;
}

[[noreturn]] void refuse_unknown(const Command& command, const std::string& word) {
  const bool is_long = word.starts_with("--");
  const std::string name = is_long ? word.substr(0, word.find('=')) : word.substr(0, 2);
  std::vector<std::string> known;
  for (const auto& flags : {command.flags, common_flags()})
    for (const Flag& flag : flags)
      if (!flag.is_hidden) known.push_back(std::string(flag.name));
  std::string hint = usage_of(command);
  // "-platform" is "--platform" with a dash forgotten; a letter alone is not near to anything.
  const std::string bare = is_long ? name.substr(2) : word.substr(1, word.find('=') - 1);
  if (bare.size() > 1)
    if (const auto near = closest(bare, known)) hint = fmt::format("did you mean --{}?", *near);
  throw Error(fmt::format("unknown flag: {}", bare.size() > 1 && !is_long ? word : name), {}, hint);
}

void check_count(const Command& command, size_t count) {
  if (count >= command.min_arguments && count <= command.max_arguments) return;
  const std::string wanted = command.max_arguments == 0 ? "no arguments"
                             : command.min_arguments != command.max_arguments
                                 ? fmt::format("at most {} argument", command.max_arguments)
                                 : "exactly 1 argument";
  std::string hint = usage_of(command);
  if (command.name == "build" && count == 0)
    hint = "the argument is the build context, \".\" for the working directory";
  throw Error(fmt::format("\"slipway {}\" takes {}, {} given", command.name, wanted, count), {},
              hint);
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no) return false;
  return std::nullopt;
}

std::optional<std::string> ParsedArgs::value(std::string_view name) const {
  const auto found = values.find(name);
  if (found == values.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> ParsedArgs::list(std::string_view name) const {
  const auto found = values.find(name);
  return found == values.end() ? std::vector<std::string>{} : found->second;
}

bool ParsedArgs::flag(std::string_view name) const {
  const auto last = value(name);
  return last && parse_bool(*last).value_or(false);
}

std::string format_of(const ParsedArgs& args, const std::vector<std::string>& known) {
  const std::string format = args.value_or("format", known.front());
  for (const auto& one : known)
    if (format == one) return format;
  throw Error(fmt::format("unknown format \"{}\"", format), "--format",
              fmt::format("the formats are: {}", join(known, ", ")));
}

ParsedArgs parse_args(const Command& command, std::span<const std::string> args) {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  std::vector<std::pair<const Flag*, CLI::Option*>> options;
  for (const auto& flags : {command.flags, common_flags()}) {
    for (const Flag& flag : flags) {
      std::string names = fmt::format("--{}", flag.name);
      if (flag.letter) names += fmt::format(",-{}", flag.letter);
      CLI::Option* option = flag.kind == Flag::Kind::Bool
                                ? app.add_flag(names)
                                : app.add_option(names)->expected(1)->multi_option_policy(
                                      CLI::MultiOptionPolicy::TakeAll);
      options.emplace_back(&flag, option);
    }
  }

  ParsedArgs out;
  auto words = spell_out(command, args);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& e) {
    throw Error(e.what(), {}, usage_of(command));
  }
  for (const auto& [flag, option] : options) {
    if (option->count() == 0) continue;
    auto& values = out.values[std::string(flag->name)];
    values = option->results();
    if (flag->kind != Flag::Kind::Bool) continue;
    for (const auto& value : values)
      if (!parse_bool(value))
        throw Error(fmt::format("--{}={} is neither true nor false", flag->name, value), {},
                    fmt::format("write --{} or --{}=false", flag->name, flag->name));
  }
  if (out.flag("help")) return out;
  // What CLI11 has no option for: arguments, and behind "--" words that may begin with a dash.
  bool only_arguments = false;
  for (const auto& extra : app.remaining()) {
    if (extra == "--" && !only_arguments) {
      only_arguments = true;
      continue;
    }
    if (!only_arguments && extra.size() > 1 && extra[0] == '-') refuse_unknown(command, extra);
    out.arguments.push_back(extra);
  }
  check_count(command, out.arguments.size());
  return out;
}

}  // namespace slipway::cli

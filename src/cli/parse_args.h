// argv of one command -> values by flag name. The one place that knows the library that does the
// parsing.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/flags.h"

namespace slipway::cli {

class ParsedArgs {
 public:
  std::vector<std::string> arguments;
  /// Long name -> what was given, in order. Bool flags have "true" or "false" in Go's spellings,
  /// checked.
  std::map<std::string, std::vector<std::string>, std::less<>> values;

  bool is_set(std::string_view name) const { return values.contains(name); }
  /// The last one given, nullopt if none was.
  std::optional<std::string> value(std::string_view name) const;
  std::string value_or(std::string_view name, std::string fallback) const {
    return value(name).value_or(std::move(fallback));
  }
  /// Everything given, in order.
  std::vector<std::string> list(std::string_view name) const;
  bool flag(std::string_view name) const;
};

/// Reads `args` (without program and command name) as docker's flag library does: --name value,
/// --name=value, -n value, -nvalue, -n=value, -abc for Bool flags, --bool=false, flags behind
/// arguments, "--" ends flags. Throws Error for unknown flags (with what was probably meant),
/// missing values, bad booleans and a wrong number of arguments; --help is found before any of
/// these.
ParsedArgs parse_args(const Command& command, std::span<const std::string> args);

/// The value of --format; throws Error unless it is one of `known` (the first is the default).
std::string format_of(const ParsedArgs& args, const std::vector<std::string>& known);

/// Go's strconv.ParseBool: 1 t T TRUE true True, 0 f F FALSE false False.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace slipway::cli

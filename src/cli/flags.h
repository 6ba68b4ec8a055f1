// The one table of commands and flags. Parsing, --help, shell completion and the man page all read
// it, so that none of them can know a flag that another does not.
#pragma once

#include <span>
#include <string_view>

namespace slipway::cli {

/// What may follow a flag, for shell completion.
enum class Complete { Nothing, File, Directory, Choice };

struct Flag {
  enum class Kind {
    Bool,       // --pull, --pull=false
    Value,      // --target x; the last one counts
    List,       // --build-arg x; each one counts, commas are part of the value
    CommaList,  // --add-host a,b; each one counts and is a CSV record of its own
    Optional,   // --join, --join=x; the value only behind "=", empty without; the last one counts
  };

  std::string_view name;  // without dashes
  char letter = 0;        // its short form, 0 if none
  Kind kind = Kind::Bool;
  std::string_view value;  // what the value is called in help: "string", "file"; empty for Bool
  std::string_view help;   // one sentence without a full stop
  std::string_view group;  // heading in help
  Complete complete = Complete::Nothing;
  std::string_view choices;  // comma-separated values for Complete::Choice
  bool is_hidden = false;    // accepted, but neither in help nor in completion
  std::string_view warning;  // printed when the flag is used
};

struct Command {
  std::string_view name;
  std::string_view aliases;    // comma-separated
  std::string_view arguments;  // "[OPTIONS] PATH | URL | -"
  std::string_view summary;    // one sentence without a full stop
  std::string_view text;  // paragraphs for --help and the man page; a line that begins with a blank
                          // is kept as it is
  std::span<const Flag> flags;
  size_t min_arguments = 0, max_arguments = 0;
  Complete complete = Complete::Nothing;  // of its arguments
  std::string_view choices;
};

/// All commands in the order of help.
std::span<const Command> commands();
/// By name or alias; nullptr if there is none.
const Command* find_command(std::string_view name);
/// Flags that every command takes: --help, --debug, --builder.
std::span<const Flag> common_flags();
/// The flag of `command`, or the common one, of that long name; nullptr if there is none.
const Flag* find_flag(const Command& command, std::string_view name);
const Flag* find_flag(const Command& command, char letter);

/// The flags of `build`, in build_flags.cc for their number.
std::span<const Flag> build_flags();
/// The flags of `bake`, in bake_flags.cc.
std::span<const Flag> bake_flags();

}  // namespace slipway::cli

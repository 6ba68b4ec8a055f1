// What a Dockerfile says, as plain data: stages of instructions, each with its place in the source.
//
// parse.h makes these values, expand.h and mount.h replace the variables in them, graph/ turns them
// into steps. Nothing here is expanded: every string is as the file has it, after line
// continuations are joined and the quotes of flag words are removed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace slipway::dockerfile {

/// Lines and columns count from 1; a column counts bytes. `end_line` includes the body of heredocs.
struct Span {
  int line = 1;
  int column = 1;
  int end_line = 1;
  bool operator==(const Span&) const = default;
};

struct Heredoc {
  std::string name;         // the terminator, without quotes
  int fd = 0;               // digits before <<; 0 if none
  bool expand = true;       // false if any part of the word was quoted
  bool strip_tabs = false;  // written <<-
  std::string content;      // the body as the file has it, each line with its end
  int line = 0;             // where the body begins
};

/// The body with what `<<-` strips taken away; what a file made of the heredoc contains (before
/// expansion).
std::string heredoc_text(const Heredoc& heredoc);

struct Pair {
  std::string key;
  std::string value;
  bool legacy = false;  // `ENV key the rest`, without "="
};

/// The command of RUN, CMD, ENTRYPOINT.
struct Command {
  enum class Form {
    Shell,   // `text` is for the shell
    Exec,    // `args` are the words of a JSON array
    Script,  // RUN only: `text` is one heredoc word and nothing else; the heredoc is the command
  };
  Form form = Form::Shell;
  std::string text;
  std::vector<std::string> args;
  std::vector<Heredoc> heredocs;  // RUN only
};

/// What the shell gets: the text with heredoc bodies behind it, or for a Script the body itself.
/// Shell and Script.
std::string shell_text(const Command& command);
/// True if the heredoc of a Script begins with "#!": it is executed as a file, not given to the
/// shell.
bool is_executable_script(const Command& command);

/// One `--mount` of RUN as written; mount.h expands and checks it.
struct MountSpec {
  struct Field {
    std::string key;                   // lower-cased
    std::optional<std::string> value;  // nullopt for a bare word such as `ro`
  };
  std::string text;  // the value of the flag
  std::vector<Field> fields;
};

struct DeviceSpec {
  std::string name;
  bool required = false;
};

struct From {
  std::string image;  // image, stage or "scratch"
  std::string platform;
  std::string name;        // lower-cased; empty if the stage has none
  std::string as_written;  // the name before lower-casing
  std::string as_keyword;  // "AS" as written
};
struct Run {
  Command command;
  std::vector<MountSpec> mounts;
  std::string network = "default";   // default, none, host
  std::string security = "sandbox";  // sandbox, insecure
  std::vector<DeviceSpec> devices;
};
/// What COPY and ADD have in common.
struct Transfer {
  std::vector<std::string> sources;  // paths, patterns, URLs; without heredocs
  std::vector<Heredoc> heredocs;     // sources that are files named and filled by a heredoc
  std::string dest;
  std::string chown;
  std::string chmod;
  bool link = false;
  std::vector<std::string> excludes;
};
struct Copy : Transfer {
  std::string from;  // stage name or number, image, named context; empty = the build context
  bool parents = false;
};
struct Add : Transfer {
  std::string checksum;
  std::optional<bool> keep_git_dir;
  std::optional<bool> unpack;
};
struct Env {
  std::vector<Pair> pairs;
};
struct Label {
  std::vector<Pair> pairs;
};
struct Arg {
  struct Item {
    std::string name;
    std::optional<std::string> value;  // the default
    std::string doc;                   // its description in the comment above, if any
  };
  std::vector<Item> items;
};
struct Cmd {
  Command command;
};
struct Entrypoint {
  Command command;
};
struct Shell {
  std::vector<std::string> args;
};
struct Workdir {
  std::string path;
};
struct User {
  std::string user;
};
struct Expose {
  std::vector<std::string>
      ports;  // sorted, as BuildKit does before expansion; "80", "80-90/udp", "$PORT"
};
struct Volume {
  std::vector<std::string> paths;
};
struct Stopsignal {
  std::string signal;
};
struct Healthcheck {
  bool none = false;  // HEALTHCHECK NONE
  Command command;  // Form::Exec is stored as ["CMD", args...], Form::Shell as ["CMD-SHELL", text]
  // Nanoseconds; 0 = not given, as the image config has it.
  int64_t interval = 0, timeout = 0, start_period = 0, start_interval = 0;
  int retries = 0;
};
struct Instruction;
struct Onbuild {
  std::string text;  // what the image config stores in OnBuild, heredoc bodies included
  std::vector<Instruction> inner;  // exactly one: the trigger, parsed
};
struct Maintainer {
  std::string name;
};

/// A stretch of Instruction::text that lies on one line of the file.
struct Piece {
  size_t offset = 0;  // into Instruction::text
  int line = 1;
  int column = 1;
};

struct Instruction {
  Span span;
  std::string keyword;  // as written: "RUN", "run", "Run"
  std::string text;  // the whole logical line, trimmed: continuations joined, comments dropped, no
                     // heredoc bodies
  std::vector<std::string> flags;     // "--from=build", quotes removed
  std::vector<std::string> comments;  // comment lines right above, trimmed, without "#"
  std::vector<Piece> pieces;          // where the parts of `text` stand in the file
  std::variant<From, Run, Copy, Add, Env, Label, Arg, Cmd, Entrypoint, Shell, Workdir, User, Expose,
               Volume, Stopsignal, Healthcheck, Onbuild, Maintainer>
      body;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&body);
  }
};

/// "RUN", "COPY" ... whatever the file's casing.
std::string keyword_of(const Instruction& instruction);

struct Stage {
  Instruction head;  // the FROM
  std::vector<Instruction> instructions;
  std::string doc;  // its description in the comment above FROM, if any
  /// The parser has reported mistakes in it: instructions are missing, or FROM itself, and then
  /// `head` is one without image. Never so in what parse() returns.
  bool incomplete = false;

  const From& from() const { return std::get<From>(head.body); }
  const std::string& name() const { return from().name; }
};

struct Directives {
  std::optional<std::string> syntax;  // the image reference only
  std::optional<std::string> check;
  char escape = '\\';
  int syntax_line = 0;  // 0 = not in the file
  int check_line = 0;
};

/// Something the parser accepts but a build check reports; `rule` is the check's name.
struct Warning {
  std::string rule;
  std::string message;
  Span span;
};

struct Dockerfile {
  std::string file_name;
  std::string source;  // the text, for excerpts
  Directives directives;
  std::vector<Instruction> global_args;  // ARG before the first FROM
  std::vector<Stage> stages;
  std::vector<Warning> warnings;
  bool incomplete_globals = false;  // as Stage::incomplete, of what stands before the first FROM
};

/// The stage that `name` means (a name in any casing, or a number), if it is one of the first
/// `before` stages.
std::optional<size_t> find_stage(const Dockerfile& file, std::string_view name, size_t before);

/// The place in the file of a byte of `instruction.text`.
Span span_at(const Instruction& instruction, size_t offset);
/// The place of the first occurrence of `word` in the instruction's arguments, else that of the
/// instruction.
Span span_of(const Instruction& instruction, std::string_view word);
/// An Error that points at `span`: "file:line:column", the source line and a caret under `width`
/// bytes.
[[nodiscard]] Error error_at(const Dockerfile& file, const Span& span, std::string what,
                             std::string hint = {}, size_t width = 1);
/// Errors with places in one file as one Error, in order of their places, each of them once. At
/// least one.
[[nodiscard]] Error as_one(std::vector<Error> errors);

}  // namespace slipway::dockerfile

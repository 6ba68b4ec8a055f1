// argv -> command -> handler. Errors end here: one "slipway: error:" text and exit code 1.
#include "cli/run.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "cli/handlers.h"
#include "cli/help.h"

namespace slipway::cli {
namespace {

using Handler = int (*)(const ParsedArgs&, const Io&);

constexpr std::array<std::pair<std::string_view, Handler>, 18> kHandlers = {{
    {"build", build_command},
    {"bake", bake_command},
    {"changed", changed_command},
    {"images", images_command},
    {"du", du_command},
    {"prune", prune_command},
    {"history", history_command},
    {"why", why_command},
    {"join", join_command},
    {"index", index_command},
    {"lint", lint_command},
    {"verify", verify_command},
    {"parse", parse_command},
    {"expand", expand_command},
    {"version", version_command},
    {"completion", completion_command},
    {"man", man_command},
    {"help", help_command},
}};

/// Commands of docker buildx that have no counterpart, and what to do about it.
struct Absent {
  std::string_view names, why;
};
constexpr Absent kAbsent[] = {
    {"create,inspect,rm,stop,use,dial-stdio,install,uninstall",
     "there are no builder instances here: leave it out, every build runs in its own process"},
    {"policy", "policies are not supported"},
    {"dap,debug", "a failed step cannot be entered; --progress=plain shows all of its output"},
};

Handler handler_of(const Command& command) {
  for (const auto& [name, handler] : kHandlers)
    if (name == command.name) return handler;
  CHECK(false);
}

const Command& command_or_throw(const std::string& name) {
  if (const Command* command = find_command(name)) return *command;
  for (const auto& [names, why] : kAbsent)
    if (const auto all = split(names, ','); std::ranges::find(all, name) != all.end())
      throw Error(fmt::format("slipway has no command \"{}\"", name), {}, std::string(why));
  std::vector<std::string> known;
  for (const Command& command : commands()) known.push_back(std::string(command.name));
  const auto near = closest(name, known);
  const bool is_flag = name.starts_with('-');
  throw Error(fmt::format("unknown {} \"{}\"", is_flag ? "flag" : "command", name), {},
              near && !is_flag ? fmt::format("did you mean slipway {}?", *near)
                               : "`slipway help` lists the commands");
}

/// Removes what stands before the command where only "docker" was replaced in a script: `slipway buildx
/// --builder NAME build`, `slipway image build`. True if -D was there.
bool drop_docker_words(std::vector<std::string>& words) {
  bool has_debug = false;
  while (!words.empty()) {
    const std::string& word = words[0];
    const bool is_group = word == "buildx" || ((word == "builder" || word == "image") &&
                                               words.size() > 1 && words[1] == "build");
    const bool is_debug = word == "-D" || word == "--debug";
    if (!is_group && !is_debug && word != "--builder" && !word.starts_with("--builder=")) break;
    if (word == "--builder" && words.size() > 1) words.erase(words.begin());
    has_debug |= is_debug;
    words.erase(words.begin());
  }
  return has_debug;
}

int dispatch(std::vector<std::string> words, const Io& io) {
  const bool has_debug = drop_docker_words(words);
  if (words.empty() || words[0] == "--help" || words[0] == "-h") {
    (words.empty() ? io.err : io.out)(overview());
    return words.empty() ? 1 : 0;
  }
  if (words[0] == "--version" || words[0] == "-v") words[0] = "version";
  if (has_debug) words.insert(words.begin() + 1, "--debug");
  const Command& command = command_or_throw(words[0]);
  const ParsedArgs args = parse_args(command, std::span(words).subspan(1));
  if (args.flag("help")) {
    io.out(help_text(command, io.columns));
    return 0;
  }
  for (const auto& flags : {command.flags, common_flags()})
    for (const Flag& flag : flags)
      if (!flag.warning.empty() && args.is_set(flag.name))
        io.err(fmt::format("slipway: warning: {}\n", flag.warning));
  return handler_of(command)(args, io);
}

}  // namespace

int completion_command(const ParsedArgs& args, const Io& io) {
  io.out(completion_script(args.arguments.at(0)));
  return 0;
}

int help_command(const ParsedArgs& args, const Io& io) {
  io.out(args.arguments.empty() ? overview()
                                : help_text(command_or_throw(args.arguments[0]), io.columns));
  return 0;
}

int run(int argc, char** argv) {
  const Io io = process_io();
  try {
    return dispatch(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), io);
  } catch (const Error& e) {
    print_error(io, e.render());
  } catch (const std::exception& e) {
    print_error(io, fmt::format("{}: this is a bug, please report it", e.what()));
  }
  return 1;
}

}  // namespace slipway::cli

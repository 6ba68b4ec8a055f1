// Bake files -> targets: all files are read and merged, then what the command line names is resolved, with everything it
// inherits, is made of, and is overridden with. Pure: files come in as text.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bake/module.h"
#include "bake/target.h"

namespace slipway::bake {

/// The files that are looked for where none is named, in the order in which they are merged.
const std::vector<std::string>& default_files();

struct Options {
  std::map<std::string, std::string> builtins;  // BAKE_CMD_CONTEXT, BAKE_LOCAL_PLATFORM
  Overrides overrides;                          // --var, then the environment
  /// Variables that compose files see: the environment and .env.
  Overrides compose_variables;
};

/// What the files say together.
struct Project {
  std::vector<Target> targets;  // in order of their first appearance
  std::vector<Group> groups;
  std::vector<VariableInfo> variables;
  std::shared_ptr<const void> texts;  // what spans point into
};

/// Throws one Error for all mistakes of all files.
Project load(const std::vector<Text>& files, const Options& options);

/// What was asked for, ready to be built.
struct Plan {
  std::map<std::string, Target> targets;  // linked ones included
  std::map<std::string, Group> groups;
};

/// `names`: targets and groups, or patterns of them; empty: "default". `overrides`: what --set says, "pattern.key=value".
/// Throws Error with what was probably meant for names that are not there, and for overrides that are wrong.
Plan resolve(const Project& project, const std::vector<std::string>& names, const std::vector<std::string>& overrides,
             const Overrides& environment);

/// --set as it is applied to one target. `environment` has the values of "args.NAME" without one.
void apply_override(Target& target, const std::string& key, bool adds, const std::vector<std::string>& values);

/// "*", "?", "[...]" as path.Match has them.
bool matches(std::string_view pattern, std::string_view name);

/// Characters that a name cannot have replaced by "_".
std::string sanitized(std::string_view name);

}  // namespace slipway::bake

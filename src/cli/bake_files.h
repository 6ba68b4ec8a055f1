// The bake files that the command line, the environment or the working directory name -> project.
#pragma once

#include <string>
#include <vector>

#include "bake/project.h"
#include "cli/io.h"
#include "cli/parse_args.h"

namespace slipway::cli {

/// --var NAME=VALUE, else the environment (unless BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP is set).
bake::Overrides bake_variables(const ParsedArgs& args, const Environment& environment);

/// Reads -f, else BUILDX_BAKE_FILE (paths with ":", or BUILDX_BAKE_FILE_SEPARATOR, between them), else what the working
/// directory has of bake::default_files(). Throws Error for files that are not there and for all mistakes in them.
bake::Project load_project(const ParsedArgs& args, const Io& io);

/// The files by name, "-" is standard input. Throws Error for those that are not there.
std::vector<bake::Text> bake_texts(const std::vector<std::string>& names, const Io& io);

/// Built-in variables, and where others come from: --var, the environment, and for compose files .env.
bake::Options bake_options(const ParsedArgs& args, const Io& io);

/// --set, then what --push, --load, --pull and the like mean as such.
std::vector<std::string> bake_overrides(const ParsedArgs& args);

}  // namespace slipway::cli

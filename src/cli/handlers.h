// What each command does; one file per command. Every handler throws Error for a failure and
// returns the exit code.
#pragma once

#include "cli/io.h"
#include "cli/parse_args.h"

namespace slipway::cli {

int build_command(const ParsedArgs& args, const Io& io);
int bake_command(const ParsedArgs& args, const Io& io);
int changed_command(const ParsedArgs& args, const Io& io);
int images_command(const ParsedArgs& args, const Io& io);
int du_command(const ParsedArgs& args, const Io& io);
int prune_command(const ParsedArgs& args, const Io& io);
int history_command(const ParsedArgs& args, const Io& io);
int why_command(const ParsedArgs& args, const Io& io);
int join_command(const ParsedArgs& args, const Io& io);
int index_command(const ParsedArgs& args, const Io& io);
int verify_command(const ParsedArgs& args, const Io& io);
int parse_command(const ParsedArgs& args, const Io& io);
int lint_command(const ParsedArgs& args, const Io& io);
int expand_command(const ParsedArgs& args, const Io& io);
int version_command(const ParsedArgs& args, const Io& io);
int completion_command(const ParsedArgs& args, const Io& io);
int man_command(const ParsedArgs& args, const Io& io);
int help_command(const ParsedArgs& args, const Io& io);

}  // namespace slipway::cli

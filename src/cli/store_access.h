// What the commands on the store share.
#pragma once

#include "cli/io.h"
#include "cli/parse_args.h"

namespace slipway::cli {

/// The directory of --store, SLIPWAY_HOME or the default of the user who started the program.
std::string store_root(const ParsedArgs& args, const Io& io, bool is_root);

/// "3 hours ago"; `then` and `now` are seconds since the epoch, 0 = never.
std::string time_ago(int64_t then, int64_t now);

}  // namespace slipway::cli

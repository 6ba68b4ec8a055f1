// Help, shell completion and the manual page, all from the table of flags.
#pragma once

#include <string>
#include <string_view>

#include "cli/flags.h"

namespace slipway::cli {

/// What `slipway` and `slipway --help` print.
std::string overview();
/// What `slipway COMMAND --help` prints; lines are at most `columns` wide where words allow.
std::string help_text(const Command& command, size_t columns = 100);
/// The completion script for "bash", "zsh" or "fish"; throws Error for others.
std::string completion_script(std::string_view shell);
/// slipway.1 in man(7) roff.
std::string man_page(std::string_view version);

}  // namespace slipway::cli

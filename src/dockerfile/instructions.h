// Second pass: one Statement -> one Instruction with typed contents.
#pragma once

#include <optional>

#include "dockerfile/scan.h"

namespace slipway::dockerfile {

/// What the statement means. Every mistake in it goes to `mistakes`; nullopt if the instruction
/// cannot be made.
std::optional<Instruction> make_instruction(Statement statement, Mistakes& mistakes);

}  // namespace slipway::dockerfile

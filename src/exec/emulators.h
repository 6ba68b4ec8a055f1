// Telling emulators from other programs, for the meter.
#pragma once

#include <string>

namespace slipway::exec {

/// Whether `path` (also a link of /proc) is one of the emulators that enable_emulation has made
/// available so far. False if it cannot be looked at.
bool is_emulator(const std::string& path);

}  // namespace slipway::exec

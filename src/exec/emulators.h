// Telling emulators and dispatchers from other programs, for the meter and for Dispatch.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace slipway::exec {

/// Whether `path` (also a link of /proc) is one of the emulators that enable_emulation has made
/// available so far. False if it cannot be looked at.
bool is_emulator(const std::string& path);

/// If the file is a dispatcher: a descriptor of the emulator that runs the programs it is registered for.
std::optional<int> emulator_of(dev_t device, ino_t inode);

}  // namespace slipway::exec

// Chosen files of a result, read where they are: in memory, in the store's directories, or out of a
// base layer's blob as it streams by. No layer is unpacked for it that was not unpacked before.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "attest/file_bytes.h"
#include "build/layers.h"
#include "store/store.h"

namespace slipway::build {

/// Calls `take` once for each file of `stack` that `wants` is true for, in any order. The bytes are
/// good during the call. Throws Error for damaged layers.
void read_image_files(
    Layers& layers, store::Store& store, const Stack& stack,
    const std::function<bool(const tree::Entry&)>& wants,
    const std::function<void(const std::string& path, attest::FileBytes& bytes)>& take,
    const Layers::Progress& progress, std::stop_token stop);

}  // namespace slipway::build

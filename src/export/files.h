// `-o type=local` and `-o type=tar`: the files of a result instead of an image.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tree/tree.h"

namespace slipway::exporter {

/// Copies `files` (flattened, no whiteouts) into directory `dest`, which is made if missing; what is there and not in the
/// tree stays. Files belong to whoever runs us: owners, setuid bits and devices are not kept. Throws Error.
void write_local(const tree::Tree& files, const std::string& dest, std::stop_token stop);

/// A tar at `path` ("-" = standard output) with owners and modes as in the image; times are `clamp_ns` where later.
void write_tar_file(const tree::Tree& files, const std::string& path, int64_t clamp_ns, std::stop_token stop);

/// Puts every entry below directory `prefix` ("linux_arm64"), for several platforms in one output.
tree::Tree below(const tree::Tree& files, const std::string& prefix);

}  // namespace slipway::exporter

// `-o type=local` and `-o type=tar`: the files of a result instead of an image.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "tree/tree.h"

namespace slipway::exporter {

struct LocalOptions {
  int64_t latest_ns = INT64_MAX;  // later times become this one
  bool delete_others = false;     // what is in the directory and not in the tree goes
  std::stop_token stop;
};

/// Copies `files` (flattened, no whiteouts) into directory `dest`, which is made if missing. Files belong to whoever runs
/// us: owners, setuid bits and devices are not kept. Throws Error.
void write_local(const tree::Tree& files, const std::string& dest, const LocalOptions& options);

/// A tar at `path` ("-" = standard output) with owners and modes as in the image; times are `clamp_ns` where later.
void write_tar_file(const tree::Tree& files, const std::string& path, int64_t clamp_ns, std::stop_token stop);

/// Puts every entry below directory `prefix` ("linux_arm64"), for several platforms in one output.
tree::Tree below(const tree::Tree& files, const std::string& prefix);

}  // namespace slipway::exporter

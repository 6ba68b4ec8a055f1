// The answers of `slipway why`: a whole build, one step, one path. Text for people and JSON for
// programs (docs/why.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "record/causes.h"
#include "record/record.h"

namespace slipway::record {

/// What questions are answered from.
struct Shelved {
  Build build;                 // the one in question
  std::vector<Build> earlier;  // newest first
  Listings listings;
};
/// `wanted` as in get(); at most `most` earlier builds are read.
Shelved take(const std::string& store_root, const std::string& wanted, size_t most = 50);

struct Answer {
  std::string text, json;
};

/// Every step that ran, with its cause.
Answer why_build(const Shelved& shelved);

/// Steps that `question` means: "7", "Dockerfile:7", "build 3/5", or words of the step's name.
std::vector<size_t> steps_of(const Build& build, const std::string& question);
/// Why these steps ran or did not, and where.
Answer why_steps(const Shelved& shelved, const std::vector<size_t>& steps);

/// Whether a path (relative to the context, or absolute inside of it) is in the context, which rule
/// decides that, and which instructions take it.
Answer why_path(const Shelved& shelved, const std::string& path);

}  // namespace slipway::record

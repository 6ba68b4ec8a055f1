// The checks themselves: images of one index -> findings. Pure: nothing is read, everything was collected before.
#pragma once

#include <string>
#include <vector>

#include "verify/finding.h"
#include "verify/image.h"

namespace slipway::verify {

/// Label with patterns of files that are foreign on purpose, separated by blanks; beside those of Options.
inline constexpr const char* kAllowLabel = "slipway.verify.allow";

struct Options {
  /// Paths of files that are foreign on purpose, as .dockerignore spells them ("opt/firmware", "**/*.elf").
  std::vector<std::string> allow;
};

/// Checks each image against its platform, and the images against each other. Ordered by image, then severity (errors
/// first), rule, path; each finding once. Throws Error for patterns that are none.
std::vector<Finding> verify(const std::vector<Image>& images, const Options& options);

}  // namespace slipway::verify

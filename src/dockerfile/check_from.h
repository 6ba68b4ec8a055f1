// What the checks need to know of names: default values, image names, names that look alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/expand.h"

namespace slipway::dockerfile {

/// Looks up the global ARGs with their defaults, then `automatic`. Throws ExpandError for a mistake
/// in a default.
Lookup default_global_args(const Dockerfile& file, const Lookup& automatic);

/// Whether the text can be an image reference (name, tag, digest) or stage name at all.
bool is_image_name(std::string_view text);

/// The name that was meant by `word`: at most two letters are wrong. None if `word` itself is
/// known.
std::optional<std::string> nearest_name(std::string_view word,
                                        const std::vector<std::string>& known);

}  // namespace slipway::dockerfile

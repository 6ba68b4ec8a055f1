// What the checks need to know about FROM lines: default values, image names, platforms.
#pragma once

#include <string>
#include <string_view>

#include "dockerfile/ast.h"
#include "dockerfile/expand.h"

namespace slipway::dockerfile {

/// Looks up the global ARGs with their defaults, and the automatic platform arguments with some
/// value. The file must outlive it.
Lookup default_global_args(const Dockerfile& file);

/// Whether the text can be an image reference (name, tag, digest) or stage name at all.
bool is_image_name(std::string_view text);

/// Whether a stage called `stage` says that it is for one platform: its name has the OS or
/// architecture in it.
bool names_platform(std::string_view stage, std::string_view platform);

}  // namespace slipway::dockerfile

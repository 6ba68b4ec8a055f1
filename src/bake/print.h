// What `slipway bake --print` and --list say, byte for byte in buildx's form.
#pragma once

#include <string>

#include "bake/project.h"

namespace slipway::bake {

/// JSON that is a bake file again: "${" in values is written "$${".
std::string print(const Plan& plan);

/// The attributes of which the two say something else, in the words of bake files; descriptions do not count.
std::vector<std::string> differences(const Target& a, const Target& b);

std::string list_targets(const Project& project, bool as_json);
std::string list_variables(const Project& project, bool as_json);

}  // namespace slipway::bake

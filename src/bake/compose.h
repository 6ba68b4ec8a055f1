// Compose files as bake targets: each service with a build section is one
// (https://github.com/compose-spec/compose-spec/blob/main/build.md), with what x-bake adds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bake/module.h"
#include "bake/target.h"
#include "bake/text.h"

namespace slipway::bake {

struct ComposeTarget {
  Target target;
};

/// Adds the services of the file to those of earlier files, in its order. What is wrong goes to `mistakes`.
void read_compose(const Text& file, const Overrides& variables, std::vector<ComposeTarget>& services,
                  std::vector<Error>& mistakes);

/// $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?error}, ${NAME?error}, ${NAME:+other}, ${NAME+other}; "$$" is a
/// dollar. A variable that is not set is empty. Throws Error without a place.
std::string interpolated(std::string_view text, const Overrides& variables);

/// The lines of a .env file: NAME=value, with quotes, comments and "export"; values may name variables above them, or those of
/// `outer`, which also win.
std::map<std::string, std::string> parse_dotenv(const Text& file, const Overrides& outer);

}  // namespace slipway::bake

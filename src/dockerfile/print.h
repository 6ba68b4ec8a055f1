// A parsed Dockerfile as text: S-expressions, JSON, and a Dockerfile again.
#pragma once

#include <string>

#include "dockerfile/ast.h"
#include "json/fwd.h"

namespace slipway::dockerfile {

/// One line an instruction: `(copy ["--from=build"] "/src" "/dst")`. Keywords in lower case,
/// strings quoted as Go's strconv.Quote does, pairs as three strings (key, value, separator),
/// ONBUILD's trigger nested.
std::string to_sexp(const Dockerfile& file);
std::string to_sexp(const Instruction& instruction);

/// Everything in the value: a record with "version", "directives", "globalArgs", "stages",
/// "warnings".
json::Value to_json(const Dockerfile& file);
json::Value to_json(const Instruction& instruction);

/// A Dockerfile that parses to the same value but for places, comments and casing of keywords.
std::string to_dockerfile(const Dockerfile& file);
std::string to_dockerfile(const Instruction& instruction, char escape = '\\');

}  // namespace slipway::dockerfile

// A parsed Dockerfile as text: S-expressions, JSON, and a Dockerfile again.
#pragma once

#include <string>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/scan.h"
#include "json/fwd.h"

namespace slipway::dockerfile {

/// One line an instruction: `(copy ["--from=build"] "/src" "/dst")`. Keywords in lower case,
/// strings quoted as Go does, pairs of ENV and LABEL as three strings (key, value, "=" or ""),
/// ONBUILD's trigger nested. `slipway parse --format sexp` prints scan_or_throw's statements, which
/// are not checked further.
std::string to_sexp(const std::vector<Statement>& statements);
std::string to_sexp(const Statement& statement);

/// What to_json leaves out: nothing, or all that says where and how something is written (places,
/// source text, comments, warnings, casing), so that two files of one meaning give one value.
enum class Detail { Everything, Meaning };

/// A record with "version", "file", "directives", "globalArgs", "stages", "warnings".
json::Value to_json(const Dockerfile& file, Detail detail = Detail::Everything);
json::Value to_json(const Instruction& instruction, Detail detail = Detail::Everything);

/// A Dockerfile that parses to the same value but for places, comments and layout. Every
/// instruction takes one line (and its heredocs).
std::string to_dockerfile(const Dockerfile& file);
std::string to_dockerfile(const Instruction& instruction, char escape = '\\');

}  // namespace slipway::dockerfile

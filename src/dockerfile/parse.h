// Text -> Dockerfile. The grammar is BuildKit's (docs/differences.md lists where we differ and
// why).
//
// Parsing never touches the file system and never expands a variable. It is linear in the size of
// the text and goes on after a mistake, so that one run names every independent one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dockerfile/ast.h"

namespace slipway::dockerfile {

/// Longest line that is accepted, in bytes without its end.
inline constexpr size_t kMaxLine = 65535;
/// How many mistakes an Error lists before it says "and N more".
inline constexpr size_t kMaxListed = 20;

/// Parses a whole file. Throws one Error that points at the first mistake ("file:line:column",
/// source line with a caret, what was probably meant) and lists the others after it.
Dockerfile parse(std::string_view text, std::string_view file_name = "Dockerfile");

/// The same for callers that show partial results: `file` holds what could be understood.
struct ParseResult {
  Dockerfile file;
  std::vector<Error> mistakes;  // in order of the file; empty if the file is good
};
ParseResult try_parse(std::string_view text, std::string_view file_name = "Dockerfile");

/// Parses one instruction, heredoc bodies included: an ONBUILD trigger of a base image's config, or
/// the instructions of `--change`. `origin` takes the place of the file name in errors.
Instruction parse_one(std::string_view text, std::string_view origin, char escape = '\\');

/// The directives at the top of a file without parsing the rest, as BuildKit finds its frontend:
/// also behind a `#!` line, as `// syntax=`, or as a JSON object with "syntax". Never throws.
Directives detect_directives(std::string_view text);

/// Whether the frontend that a syntax directive names is the one for Dockerfiles, wherever it is
/// mirrored: docker/dockerfile or docker/dockerfile-upstream, with any registry, tag and digest.
bool is_dockerfile_frontend(std::string_view image);

/// All keywords, upper case, sorted.
const std::vector<std::string>& instruction_keywords();

}  // namespace slipway::dockerfile

// What `--call` prints instead of building, in the words and members of docker buildx: warnings of
// the checks, the outline of a target, the list of targets.
//
// Lines of source are shown as buildx does. JSON has the members of BuildKit's subrequests
// (frontend/subrequests), except the build definition of a source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dockerfile/ast.h"
#include "dockerfile/check.h"
#include "dockerfile/outline.h"

namespace slipway::dockerfile {

/// Where the text is from, and the text: all that is left of a file that cannot be parsed.
struct Source {
  std::string_view name;
  std::string_view text;
};

/// The lines of `span` with those around them, under "name:line".
std::string excerpt(const Source& source, const Span& span);

/// The head line and a paragraph for each finding, by line. `has_errors` keeps it from saying that
/// there is nothing.
std::string checks_text(const Source& source, std::vector<Finding> findings, bool has_errors);
std::string checks_json(const Source& source, const std::vector<Finding>& findings,
                        const std::vector<Error>& errors);

std::string outline_text(const Outline& outline);
std::string outline_json(const Source& source, const Outline& outline);

std::string targets_text(const Dockerfile& file);
std::string targets_json(const Dockerfile& file);

/// What else can be asked for.
std::string describe_text();
std::string describe_json();

/// Columns under each other, `gap` blanks apart; the last one is not padded.
std::string in_columns(const std::vector<std::vector<std::string>>& rows, size_t gap);

}  // namespace slipway::dockerfile

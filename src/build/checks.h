// What a build says about its Dockerfile before any step runs: all mistakes at once, then the
// findings of the checks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "build/inputs.h"
#include "build/metadata.h"
#include "dockerfile/ast.h"
#include "dockerfile/check.h"
#include "graph/lower.h"
#include "seams/observer.h"

namespace slipway::build {

/// Throws Error when the file's syntax directive, or the build argument BUILDKIT_SYNTAX in its
/// place, names another frontend than the one for Dockerfiles: no other language is understood.
void check_frontend(const Inputs& inputs, const std::map<std::string, std::string>& build_args);

/// Every mistake of a Dockerfile that does not need an image to be seen; none if it is good, and
/// then `file` is whole.
std::vector<Error> read_dockerfile(const Inputs& inputs, const graph::Request& request,
                                   dockerfile::Dockerfile& file);

/// What `# check=error=true` asks for.
Error violations(const std::vector<dockerfile::Finding>& findings);

/// Adds to the graph and tells the observer what the checks found, also if there are mistakes. Throws
/// Error for these and for violations.
std::vector<graph::Target> lower_and_check(const dockerfile::Dockerfile& file, const Inputs& inputs,
                                           const graph::Request& request, graph::Resolver& resolver,
                                           seams::Observer& observer,
                                           std::vector<dockerfile::Finding>& findings,
                                           graph::Joint& joint);

/// Findings for the metadata file.
std::vector<BuildWarning> build_warnings(const Inputs& inputs,
                                         const std::vector<dockerfile::Finding>& findings);

}  // namespace slipway::build

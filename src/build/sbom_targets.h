// What beside the image itself an SBOM is made of: stages and the build context that the Dockerfile
// asks for with ARG BUILDKIT_SBOM_SCAN_STAGE and ARG BUILDKIT_SBOM_SCAN_CONTEXT.
#pragma once

#include <string>
#include <vector>

#include "build/request.h"
#include "graph/graph.h"

namespace slipway::build {

struct SbomExtra {
  std::string name;  // of the stage, or "context"
  graph::StepId files = 0;
};

/// Those that the files of `target` depend on, sorted by name. `dockerfile`: its text. The values
/// are true, false or a list of stages; a build argument of that name replaces the default where
/// the Dockerfile declares it.
std::vector<SbomExtra> sbom_extras(const std::string& dockerfile, const BuildRequest& request,
                                   const graph::Graph& graph, const graph::Target& target);

/// Steps of all targets whose files an SBOM needs beside the targets' own; empty if none is asked
/// for.
std::vector<graph::StepId> sbom_steps(const std::string& dockerfile, const BuildRequest& request,
                                      const graph::Graph& graph);

}  // namespace slipway::build

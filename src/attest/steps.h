// The step graph of one platform as provenance shows it: operations named and shaped like those of
// BuildKit's LLB, because that is what readers of `buildConfig.llbDefinition` know.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "json/fwd.h"
#include "oci/documents.h"

namespace slipway::attest {

struct BuildSteps {
  std::vector<graph::StepId> order;  // every input before its user; index = number of the step
  std::map<graph::StepId, size_t> number;
};

/// Every step that the files of `target` depend on, FROM scratch left out.
BuildSteps steps_of(const graph::Graph& graph, const graph::Target& target);

/// The members of a predicate that describe them.
json::Value build_config(const graph::Graph& graph,
                         const BuildSteps& steps);  // llbDefinition, digestMapping
json::Value step_locations(const graph::Graph& graph,
                           const BuildSteps& steps);  // step3 -> ranges of lines
/// step3:0 -> the chain of layer blobs below and of that step. `layers`: those of the image's
/// manifest, bottom first.
json::Value step_layers(const graph::Graph& graph, const graph::Target& target,
                        const BuildSteps& steps, const std::vector<oci::Descriptor>& layers);

}  // namespace slipway::attest

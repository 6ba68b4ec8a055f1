// The nodes of a Kubernetes cluster against an image: on which of them it could not start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/platform.h"
#include "verify/finding.h"

namespace slipway::verify {

struct Node {
  std::string name;
  oci::Platform platform;
};

/// Reads what `kubectl get nodes -o json` prints: a list, or one node. Nodes that do not say their architecture are left
/// out. Throws Error naming `origin` for anything else.
std::vector<Node> parse_nodes(std::string_view text, std::string_view origin);

/// One error for each node that could not start the image: rule "node-without-image" where an index has none for it,
/// "node-exec-format" where it would start what it cannot run. `findings` are those of verify() for the same images;
/// `is_index`: a node chooses among the platforms, otherwise it takes the only image there is.
std::vector<Finding> check_nodes(const std::vector<Node>& nodes, const std::vector<oci::Platform>& platforms, bool is_index,
                                 const std::vector<Finding>& findings);

}  // namespace slipway::verify

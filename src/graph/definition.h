// What a step is, as labelled parts: the part of its cache key that does not depend on any file's content. Two steps with
// equal parts and equal inputs are the same step.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace slipway::graph {

using Parts = std::vector<std::pair<std::string, std::string>>;

/// Labels are stable words ("command", "env", "mount 2" ...): they are shown when a cache miss is explained.
Parts definition(const Step& step);

/// The parts and input ids as one string, for finding equal steps of one graph.
std::string identity(const Step& step);

}  // namespace slipway::graph

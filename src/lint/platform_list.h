// What workflows and compose files have in common: platforms that are built, against the nodes of a
// cluster, and mistakes of YAML.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "lint/nodes.h"
#include "lint/rules.h"

namespace slipway::lint {

std::string no_node_message(const std::string& platform, const Nodes& nodes);

/// Reports every platform that no node runs and every kind of node without a platform. The list
/// stands in the bytes [begin, end) of the file; the fix takes a platform out of a comma-separated
/// list that keeps another one.
void check_platforms(const SourceFile& file, size_t anchor, size_t begin, size_t end,
                     const std::vector<std::string>& platforms, const Nodes& nodes, Report& report);

/// What a YAML file's mistake is, where it is.
void report_mistake(const SourceFile& file, const Error& mistake, Report& report);

}  // namespace slipway::lint

// Rules about the platforms that a workflow builds: those that no node of the cluster runs, and
// nodes for which nothing is built. Also what cannot be read.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "lint/platform_list.h"
#include "lint/rules.h"
#include "lint/workflow_view.h"
#include "oci/platform.h"

namespace slipway::lint {
namespace {

// Matrix values that are platforms: where they stand in the file.
void check_matrix(const WorkflowJob& job, const Nodes& nodes, Report& report) {
  const yaml::Node* matrix = yaml::find_path(*job.node, {"strategy", "matrix"});
  if (!matrix || !matrix->is_mapping()) return;
  for (const auto& [key, value] : matrix->members) {
    if (!key->text.contains("platform") || !value->is_sequence()) continue;
    std::vector<const yaml::Node*> items(value->items.begin(), value->items.end());
    for (const yaml::Node* item : items)
      if (item->is_scalar() && item->text.starts_with("linux/") && !nodes.can_run(item->text))
        report.add(job.begin, item->begin, item->end, no_node_message(item->text, nodes),
                   "leave the platform out, together with its include entry");
  }
}

}  // namespace

void check_workflow_nodes(const WorkflowView& view, Report& report) {
  if (!report.facts().nodes) return;
  const Nodes& nodes = *report.facts().nodes;
  for (const auto& job : view.jobs()) {
    check_matrix(job, nodes, report);
    for (const auto& build : job.builds) {
      std::vector<std::string> platforms;
      for (const auto& platform : build.platforms)
        if (!platform.contains('$')) platforms.push_back(platform);
      if (platforms.empty()) continue;
      const size_t begin = build.platforms_node ? build.platforms_node->begin : build.step->begin;
      const size_t end = build.platforms_node ? build.platforms_node->end : build.step->end;
      check_platforms(view.file(), build.step->begin, begin, end, platforms, nodes, report);
    }
  }
}

void check_workflow_syntax(const WorkflowView& view, Report& report) {
  if (view.mistake()) report_mistake(view.file(), *view.mistake(), report);
}

}  // namespace slipway::lint

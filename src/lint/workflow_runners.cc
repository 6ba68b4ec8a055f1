// Rules about where a workflow builds: emulators that nothing needs, runners of the wrong
// architecture, jobs that exist only to put platforms together.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "lint/rules.h"
#include "lint/workflow_view.h"
#include "oci/platform.h"

namespace slipway::lint {
namespace {

std::string architecture_of(const std::string& platform) {
  try {
    return oci::parse_platform(platform).arch;
  } catch (const Error&) {
    return {};
  }
}

// Whether a Dockerfile of this run is built here and runs nothing of a foreign platform.
bool is_cross_compiled(const WorkflowView& view, const ImageBuild& build, const Facts& facts) {
  bool is_known = false;
  for (const auto& [path, needs_emulation] : facts.needs_emulation) {
    if (!view.builds_file(build, path)) continue;
    if (needs_emulation) return false;
    is_known = true;
  }
  return is_known;
}

// Whether the job may execute programs of a foreign platform; true also if that cannot be known.
bool may_emulate(const WorkflowView& view, const WorkflowJob& job, const Facts& facts) {
  for (const auto& step : job.steps) {
    if (step.is_action("docker/bake-action")) return true;
    if (step.run.contains("docker run") || step.run.contains("bake") || step.run.contains("qemu") ||
        step.run.contains("buildah") || step.run.contains("podman"))
      return true;
  }
  for (const auto& values : job.combinations) {
    const std::string machine = runner_architecture(job.labels(values));
    for (const auto& build : job.builds) {
      if (is_cross_compiled(view, build, facts)) continue;
      if (!view.knows_platforms(build, values)) return true;
      for (const auto& platform : view.platforms(build, values))
        if (machine.empty() || architecture_of(platform) != machine) return true;
    }
  }
  return job.builds.empty();
}

std::string label_for(const std::string& arch) {
  return arch == "arm64" ? "ubuntu-24.04-arm" : "ubuntu-24.04";
}

bool merges_manifests(const WorkflowJob& job) {
  const std::string name = to_lower(job.id);
  if (name.contains("manifest") || name.contains("merge")) return true;
  return std::any_of(job.steps.begin(), job.steps.end(), [](const WorkflowStep& step) {
    return step.run.contains("imagetools create") || step.run.contains("manifest create") ||
           step.run.contains("manifest push") || step.run.contains("manifest-tool");
  });
}

// The platforms that the combinations of a matrix differ in.
std::set<std::string> platforms_of_matrix(const WorkflowJob& job) {
  std::set<std::string> out;
  for (const auto& values : job.combinations)
    for (const auto& [key, value] : values)
      if (key.contains("platform") || key == "arch") {
        const std::string arch = architecture_of(value);
        if (arch == "amd64" || arch == "arm64" || arch == "arm")
          out.insert(oci::parse_platform(value.contains('/') ? value : "linux/" + value).str());
      }
  return out;
}

}  // namespace

void check_unneeded_qemu(const WorkflowView& view, Report& report) {
  for (const auto& job : view.jobs())
    for (const auto& step : job.steps) {
      if (!step.is_action("docker/setup-qemu-action") || may_emulate(view, job, report.facts()))
        continue;
      const yaml::Node* uses = yaml::find(*step.node, "uses");
      report.add(step.begin, uses->begin, uses->end,
                 "QEMU is set up, but no step of this job runs programs of another architecture",
                 "leave the step out", {{step.begin, step.end, ""}});
    }
}

void check_wrong_runner(const WorkflowView& view, Report& report) {
  for (const auto& job : view.jobs()) {
    std::set<std::string> reported;
    for (const auto& values : job.combinations) {
      const std::string machine = runner_architecture(job.labels(values));
      if (machine.empty() || job.builds.empty()) continue;
      std::set<std::string> wanted;
      for (const auto& build : job.builds) {
        if (is_cross_compiled(view, build, report.facts())) continue;
        const auto platforms = view.platforms(build, values);
        if (platforms.empty()) wanted.insert(machine);
        for (const auto& platform : platforms) wanted.insert(architecture_of(platform));
      }
      const std::string arch = wanted.size() == 1 ? *wanted.begin() : std::string();
      if ((arch != "amd64" && arch != "arm64") || arch == machine || !reported.insert(arch).second)
        continue;
      // One label for all combinations can be replaced; else each needs a label of its own.
      std::vector<Edit> fix;
      if (job.combinations.size() == 1 && job.runs_on->is_scalar() && job.runs_on->is_plain &&
          is_hosted({job.runs_on->text}))
        fix = {{job.runs_on->begin, job.runs_on->end, label_for(arch)}};
      report.add(job.begin, job.runs_on->begin, job.runs_on->end,
                 fmt::format("linux/{} is built under emulation on a runner for {}", arch, machine),
                 job.combinations.size() == 1
                     ? fmt::format("runs-on: {}", label_for(arch))
                     : fmt::format("give each platform its runner with an include in the matrix: "
                                   "platform: linux/{}, runner: {}",
                                   arch, label_for(arch)),
                 std::move(fix));
    }
  }
}

void check_matrix_and_merge(const WorkflowView& view, Report& report) {
  for (const auto& merge : view.jobs()) {
    if (!merges_manifests(merge)) continue;
    for (const auto& name : merge.needs) {
      const WorkflowJob* job = view.job(name);
      if (!job) continue;
      const auto platforms = platforms_of_matrix(*job);
      if (platforms.size() < 2) continue;
      const std::vector<std::string> list(platforms.begin(), platforms.end());
      report.add(
          merge.begin, merge.begin, merge.begin + merge.id.size(),
          fmt::format("the job only puts together what {} builds for each platform", job->id),
          fmt::format("one job on one runner: slipway build --platform {} --push -t NAME .; it "
                      "needs neither digests handed over nor a merge",
                      join(list, ",")));
    }
  }
}

}  // namespace slipway::lint

#include "joins/identity.h"

#include <fmt/core.h>

namespace slipway::joins {
namespace {

/// Variables by which a CI system names the run as a whole (the same in each of its jobs, and when
/// jobs run again) and the job.
struct System {
  const char* name;
  const char* run;
  const char* job;
};
constexpr System kSystems[] = {
    {"github", "GITHUB_RUN_ID", "GITHUB_JOB"},
    {"gitlab", "CI_PIPELINE_ID", "CI_JOB_NAME"},
    {"buildkite", "BUILDKITE_BUILD_ID", "BUILDKITE_LABEL"},
    {"circleci", "CIRCLE_WORKFLOW_ID", "CIRCLE_JOB"},
    {"azure", "BUILD_BUILDID", "AGENT_JOBNAME"},
    {"bitbucket", "BITBUCKET_BUILD_NUMBER", "BITBUCKET_STEP_UUID"},
    {"jenkins", "BUILD_TAG", "JOB_NAME"},
};

std::string value(const Environment& environment, const char* name) {
  return environment(name).value_or("");
}

}  // namespace

std::string run_of(const Environment& environment) {
  for (const auto& system : kSystems)
    if (const std::string run = value(environment, system.run); !run.empty())
      return fmt::format("{}-{}", system.name, run);
  return {};
}

std::string whereabouts(const Environment& environment, const std::string& host) {
  for (const auto& system : kSystems) {
    if (value(environment, system.run).empty()) continue;
    const std::string job = value(environment, system.job);
    return fmt::format("{}{}{} on {}", system.name, job.empty() ? "" : " job ", job, host);
  }
  return host;
}

}  // namespace slipway::joins

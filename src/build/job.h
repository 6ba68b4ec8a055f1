// One of the builds that share a graph: what is known of it from its request to its targets. build/build.cc leads it through.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "build/inputs.h"
#include "build/request.h"
#include "build/ssh.h"
#include "build/step_runner.h"
#include "dockerfile/ast.h"
#include "dockerfile/check.h"
#include "exec/sandbox.h"
#include "graph/lower.h"

namespace slipway::build {

struct Job {
  explicit Job(const BuildRequest& asked)
      : request(asked), ssh(asked.ssh), git(git_access(asked, ssh.sockets())) {}

  const BuildRequest& request;
  const SshAgents ssh;
  const source::GitAccess git;
  Inputs inputs;
  graph::Request wanted;
  std::optional<int64_t> epoch;  // SOURCE_DATE_EPOCH
  dockerfile::Dockerfile file;
  std::vector<dockerfile::Finding> findings;
  std::vector<graph::Target> targets;  // once lowered
};

/// The request in the words of graph/. Contexts that are other targets are empty until link().
graph::Request graph_request(const BuildRequest& request, const Inputs& inputs);

/// What steps need of job number `index`. Throws Error for secrets that are not there.
StepOptions step_options(const Job& job, uint32_t index, const exec::Namespace& ns, const graph::Graph& graph);

/// The names of the requests that this one is made of ("target:NAME" contexts).
std::vector<std::string> linked(const BuildRequest& request);

/// Puts the targets of the other jobs, which have been lowered, in place of those contexts.
void link(Job& job, const std::vector<std::unique_ptr<Job>>& others);

/// The requests' numbers, each behind those that it is made of. Throws Error for circles and unknown names.
std::vector<size_t> in_order(const std::vector<BuildRequest>& requests);

}  // namespace slipway::build

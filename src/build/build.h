// The table of contents of a build: Dockerfile and context in, images out.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "build/request.h"
#include "exec/sandbox.h"
#include "oci/documents.h"
#include "seams/observer.h"

namespace slipway::build {

struct BuildResult {
  oci::Descriptor descriptor;      // index or manifest; empty digest if the result only stays in the cache
  std::string image_id;            // what --iidfile and --quiet say: config digest of one image, else the index digest
  std::string metadata_json;       // what --metadata-file says
  std::vector<std::string> lines;  // one line for each thing that was made, for people
  size_t steps = 0, cached = 0;
  uint64_t image_bytes = 0;  // of the layers' blobs, each once; 0 if no image was made

  // Of --call only.
  std::string answer;            // for standard output
  std::optional<Error> failure;  // to be said after the answer
  int exit_code = 0;
};

/// Builds everything in one graph: what the requests have in common is done once, and at most max_parallel (of the first) RUN
/// steps run at a time. Requests with a name may name each other in their contexts ("target:NAME"). They share the store and
/// what is said of emulation; results stand in the order of the requests. All mistakes of all Dockerfiles are thrown as one
/// Error, before any step runs. No files are written but outputs. With --call, that must be asked of all of them.
std::vector<BuildResult> build_all(const std::vector<BuildRequest>& requests, const exec::Namespace& ns,
                                   seams::Observer& observer, std::stop_token stop);

/// One of them. Runs inside the namespace that exec::enter_namespace() gave (`ns`). Throws Error, or Cancelled when `stop` is asked
/// for. Writes --iidfile and --metadata-file itself.
BuildResult build(const BuildRequest& request, const exec::Namespace& ns, seams::Observer& observer, std::stop_token stop);

}  // namespace slipway::build

// What the user asked to have made of the result: images in the store, archives, pushes, files.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "build/build.h"
#include "build/layers.h"
#include "build/metadata.h"
#include "build/request.h"
#include "build/step_runner.h"
#include "build/verify_image.h"
#include "registry/client.h"

namespace slipway::build {

struct OutputContext {
  const BuildRequest& request;
  const graph::Graph& graph;
  const StepRunner& steps;
  Layers& layers;
  store::Store& store;
  registry::Client& client;
  seams::Observer& observer;
  std::string created;   // RFC 3339
  int64_t clamp_ns = 0;  // SOURCE_DATE_EPOCH, or 0
  std::string dockerfile, dockerfile_name;
  std::string context_commit;                    // of a git context, or the SHA-256 of an archive
  std::map<graph::StepId, std::string> commits;  // of GitCheckout steps
  std::vector<BuildWarning> warnings;            // for the metadata file
  std::string published_tag;  // one more tag for what is pushed, or empty
  remote_cache::Imports* imports = nullptr;      // the caches of --cache-from
  /// Members for the config of a target's image: an inline cache.
  std::function<std::map<std::string, std::string>(size_t, const std::map<std::string, store::LayerBlob>&)> extend;
  OnVerdict on_verdict;                          // told what verify has found, for travelling caches
  std::stop_token stop;
};

/// Refuses, before any work is done, outputs and attestations that cannot be made of this request.
/// Throws Error naming the flag.
void check_outputs(const BuildRequest& request);

/// Makes every output in order and fills `result`.
void make_outputs(const OutputContext& context, BuildResult& result);

}  // namespace slipway::build

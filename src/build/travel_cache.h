// The travelling caches of one build (--cache-from, --cache-to): which steps' layers and records go, and the way there
// and back (remote_cache/).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "build/layers.h"
#include "build/request.h"
#include "build/step_runner.h"
#include "graph/graph.h"
#include "registry/client.h"
#include "remote_cache/exporter.h"
#include "remote_cache/imports.h"
#include "remote_cache/options.h"
#include "seams/observer.h"

namespace slipway::build {

/// Refuses, before any work is done, what cannot be meant. Throws Error naming the flag and the key.
void check_caches(const BuildRequest& request);

/// Key and text of what verify has found, if it has looked.
using Verdict = std::optional<std::pair<std::string, std::string>>;

class TravelCache {
 public:
  /// The caches that any of the requests reads are read for all. `observer` is told of those that cannot be used.
  TravelCache(const std::vector<BuildRequest>& requests, store::Store& store, registry::Client& client,
              seams::Observer& observer, std::stop_token stop);

  /// nullptr without --cache-from.
  remote_cache::Imports* imports() { return imports_ ? &*imports_ : nullptr; }
  static bool is_inline(const BuildRequest& request);

  /// The member of an image config that carries the cache of target number `target` (type=inline).
  std::map<std::string, std::string> inline_cache(const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                                                  const Verdict& verdict, size_t target,
                                                  const std::map<std::string, store::LayerBlob>& blobs);

  /// To be called when the outputs of `request` are made; `graph` has its targets. A cache that cannot be written is a warning, unless
  /// ignore-error=false.
  void export_all(const BuildRequest& request, const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                  const Verdict& verdict, seams::Observer& observer);

 private:
  struct Destination {
    remote_cache::Spec spec;
    remote_cache::ExportOptions options;
  };
  void add_mounts(const Destination& to, remote_cache::Exporter& exporter, const std::set<std::string>& used,
                  const std::string& scratch, remote_cache::Ledger& ledger, std::vector<remote_cache::Parcel>& parcels);
  void export_one(const Destination& to, const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                  const Verdict& verdict, seams::Observer& observer, seams::StepId step);

  store::Store& store_;
  registry::Client& client_;
  seams::Observer& observer_;
  const std::stop_token stop_;
  std::optional<remote_cache::Imports> imports_;
};

}  // namespace slipway::build

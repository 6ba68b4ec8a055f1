// The check before anything is published: do the programs of each target fit its platform? Verdicts are remembered in the
// store, so that a build in which nothing changed only looks its own up.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "build/assemble.h"
#include "build/layers.h"
#include "build/request.h"
#include "build/step_runner.h"
#include "graph/graph.h"
#include "seams/observer.h"
#include "store/store.h"
#include "verify/finding.h"

namespace slipway::build {

/// Key and text of a verdict that travelling caches may take along.
using OnVerdict = std::function<void(const std::string& key, const std::string& text)>;

/// Layers::foundation over the results of all targets.
std::string foundation_of_targets(const graph::Graph& graph, const StepRunner& steps, Layers& layers);

class Verifier {
 public:
  Verifier(const BuildRequest& request, const graph::Graph& graph, const StepRunner& steps, Layers& layers, store::Store& store,
           seams::Observer& observer, remote_cache::Imports* imports = nullptr, OnVerdict on_verdict = {})
      : request_(request),
        graph_(graph),
        steps_(steps),
        layers_(layers),
        store_(store),
        observer_(observer),
        imports_(imports),
        on_verdict_(std::move(on_verdict)) {}

  /// The first part of check(): finds out, throws nothing and says nothing.
  void judge(const Layers::Progress& progress);
  /// Throws Error if something that an image would run does not fit, unless the request is content with warnings; warns of
  /// the rest, once. `images`: as assembled, for the digests of layers; nullptr where only files leave the build, of which
  /// nothing is said but errors.
  void check(const std::vector<PlatformImage>* images, const Layers::Progress& progress);

 private:
  std::optional<std::string> known_verdict(const std::string& key);
  std::vector<verify::Finding> findings(const Layers::Progress& progress);
  void complete(verify::Finding& finding, const std::vector<PlatformImage>* images) const;

  const BuildRequest& request_;
  const graph::Graph& graph_;
  const StepRunner& steps_;
  Layers& layers_;
  store::Store& store_;
  seams::Observer& observer_;
  remote_cache::Imports* imports_;
  OnVerdict on_verdict_;
  std::optional<std::vector<verify::Finding>> found_;
  bool has_warned_ = false;
};

}  // namespace slipway::build

// The twins that the foreign steps of a build run with: found and mounted when the first step needs one, then shared.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "build/layers.h"
#include "graph/graph.h"
#include "oci/platform.h"
#include "os/fs.h"
#include "source/image.h"
#include "store/store.h"
#include "twins/twins.h"

namespace slipway::build {

/// The step for this machine after which a foreign RUN finds the best twin: the same instruction as the last one, at `step`
/// or above it, that installs packages. Only steps that the build has anyway, and ahead of `step`. nullopt: the base image.
std::optional<graph::StepId> step_in_lockstep(const graph::Graph& graph, const oci::Platform& host, graph::StepId step);

class TwinRoots {
 public:
  TwinRoots(source::Images& images, Layers& layers, store::Store& store, twins::Grade grade, oci::Platform host,
            std::stop_token stop)
      : images_(images), layers_(layers), store_(store), grade_(grade), host_(std::move(host)), stop_(std::move(stop)) {}

  struct Found {
    std::shared_ptr<twins::TwinRoot> root;
    size_t base_layers = 0;  // directories of the step's own base image
  };

  /// The twin of steps for `platform` on the base image `reference` (pinned by digest): the same image for this machine.
  /// nullopt, once and for all, where there is none or it cannot be used.
  std::optional<Found> of_base(const std::string& reference, const oci::Platform& platform, const Layers::Progress& progress);
  /// The same with the layers of a step for this machine, whose key tells them from others.
  std::optional<Found> of_step(const std::string& key, const Stack& stack, const oci::Platform& platform,
                               const Layers::Progress& progress);

 private:
  std::optional<Found> find(const std::string& key, const oci::Platform& platform, const Layers::Progress& progress,
                            const std::function<Stack()>& stack);
  std::shared_ptr<twins::TwinRoot> make(const Stack& stack, const oci::Platform& platform, const Layers::Progress& progress);

  source::Images& images_;
  Layers& layers_;
  store::Store& store_;
  twins::Grade grade_;
  oci::Platform host_;
  std::stop_token stop_;
  std::mutex mutex_;
  // Roots are mounts over their scratch directory, so they go first.
  std::vector<std::unique_ptr<os::TempDir>> scratch_;
  std::map<std::string, std::shared_ptr<twins::TwinRoot>> roots_;  // nullptr: there is none
};

}  // namespace slipway::build

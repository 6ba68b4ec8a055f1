// Targets whose files are known -> images in the store: layers as blobs, config, manifest, and an
// index for several platforms or for what is attested of them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "attest/statement.h"
#include "build/annotations.h"
#include "build/layers.h"
#include "build/step_runner.h"
#include "graph/graph.h"
#include "oci/documents.h"
#include "seams/observer.h"
#include "store/store.h"

namespace slipway::build {

/// What is attested of target number `target`, once its manifest and the manifest's layers are
/// known.
using Attest = std::function<std::vector<attest::Attestation>(
    size_t target, const oci::Descriptor& manifest, const std::vector<oci::Descriptor>& layers)>;

struct AssembleOptions {
  LayerForm form;
  bool docker_types = false;           // Docker's media types instead of OCI's
  bool keep_nondistributable = false;  // base layers that may not be passed on keep saying so
  LevelledAnnotations annotations;
  bool always_index = false;  // also for a single image
  Attest attest;              // unset: nothing
  bool attest_as_artifact = true;
  /// Members to be added to the config of target number `target`.
  std::function<std::map<std::string, std::string>(size_t target, const std::map<std::string, store::LayerBlob>& blobs)>
      extend;
  std::vector<std::string> subject_names;  // canonical names of the image, for statements
  /// Replaces `created_before` in config and history by `created`.
  std::string created_before, created;
};

struct PlatformImage {
  oci::Platform platform;
  oci::Descriptor manifest;
  oci::Digest config;
  std::vector<oci::Descriptor> layers;
};

struct Assembled {
  oci::Descriptor
      top;  // the manifest of a single image, else the index; with its annotations in a layout
  std::vector<PlatformImage> images;
};

/// Layers that a registry or a cache has may not be in the store yet (Layers::bring). `step` is the observer's step that progress belongs to. Same graph, same files -> same digests.
Assembled assemble(const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                   store::Store& store, const AssembleOptions& options, seams::Observer& observer,
                   seams::StepId step);

}  // namespace slipway::build

// Targets whose files are known -> images in the store: layers as blobs, config, manifest, and an index for several
// platforms.
#pragma once

#include <string>
#include <vector>

#include "build/layers.h"
#include "build/step_runner.h"
#include "graph/graph.h"
#include "oci/documents.h"
#include "seams/observer.h"
#include "store/store.h"

namespace slipway::build {

struct ImageAnnotations {
  oci::Annotations manifest, manifest_descriptor, index;
};

struct AssembleOptions {
  LayerForm form;
  bool docker_types = false;                  // Docker's media types instead of OCI's
  std::vector<ImageAnnotations> annotations;  // one per target, may be empty
  bool always_index = false;
  std::stop_token stop;
};

struct PlatformImage {
  oci::Platform platform;
  oci::Descriptor manifest;
  oci::Digest config;
};

struct Assembled {
  oci::Descriptor top;  // the manifest of a single image, else the index
  std::vector<PlatformImage> images;
};

/// `step` is the observer's step that progress belongs to. Same graph, same files -> same digests.
Assembled assemble(const graph::Graph& graph, const StepRunner& steps, Layers& layers, store::Store& store,
                   const AssembleOptions& options, seams::Observer& observer, seams::StepId step);

}  // namespace slipway::build

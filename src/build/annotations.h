// Annotations by level and platform: --annotation and the annotation keys of --output.
#pragma once

#include <vector>

#include "build/request.h"
#include "graph/graph.h"
#include "oci/documents.h"

namespace slipway::build {

struct ImageAnnotations {
  oci::Annotations manifest;    // in the manifest
  oci::Annotations descriptor;  // where an index or a layout names the manifest
};

struct LevelledAnnotations {
  std::vector<ImageAnnotations> images;  // one per target
  oci::Annotations index;                // in the index
  oci::Annotations index_descriptor;     // where a layout names the index
  /// These have nowhere to go without an index.
  bool need_index() const { return !index.empty() || !index_descriptor.empty(); }
};

/// Later ones win. Throws Error for platforms that are not built.
LevelledAnnotations annotations_of(const std::vector<AnnotationSpec>& specs,
                                   const std::vector<graph::Target>& targets);

}  // namespace slipway::build

// Everything that an image in the store consists of.
#pragma once

#include <string>
#include <vector>

#include "oci/documents.h"
#include "store/store.h"

namespace slipway::exporter {

/// An image ready to leave the store: every blob below `top` is there.
struct Closure {
  oci::Descriptor top;                      // index or manifest
  std::vector<oci::Descriptor> manifests;   // all manifests, then `top` itself last if it is an index
  std::vector<oci::Descriptor> blobs;       // configs and layers, each once, in order of first use
};

/// Walks from `top`. Throws Error if a blob is missing or malformed; layers may be missing if they `may_be_elsewhere`.
Closure closure_of(store::Store& store, const oci::Descriptor& top, bool may_be_elsewhere = false);

}  // namespace slipway::exporter

// An image from the store into a registry.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "export/closure.h"
#include "registry/client.h"
#include "registry/reference.h"
#include "store/store.h"

namespace slipway::exporter {

struct PushOptions {
  std::vector<std::string> mount_from;  // repositories that may have the blobs already, "host/repository"
  bool by_digest = false;               // do not set the tag
  bool without_top = false;             // all but the index itself: somebody else publishes another one
  unsigned parallel = 4;                // blobs at once
  /// Makes sure that the store has a blob, before its bytes are read: the registry lacks it.
  std::function<void(const oci::Descriptor& blob)> bring;
  std::stop_token stop;
  std::function<void(const std::string& blob, uint64_t done, uint64_t total)> progress;  // from any thread
};

/// Blobs first, then manifests, the index last: a reader never sees a tag whose parts are missing. Throws Error.
void push(store::Store& store, registry::Client& client, const Closure& image, const registry::Reference& to,
          const PushOptions& options);

}  // namespace slipway::exporter

// Base images: name -> documents -> blobs in the store. From the store itself (images that were built here), an OCI
// layout on disk (`oci-layout://dir[:tag|@digest]`), or a registry.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "image/config.h"
#include "oci/documents.h"
#include "registry/client.h"
#include "store/store.h"

namespace slipway::source {

struct FoundImage {
  std::string reference;  // canonical, pinned: "docker.io/library/debian:12@sha256:..."
  std::string origin;     // for fetch_blob
  oci::Descriptor top;    // index or manifest that the name means
  oci::Descriptor manifest_descriptor;
  oci::Manifest manifest;
  image::Config config;
};

class Images {
 public:
  Images(store::Store& store, registry::Client& client) : store_(store), client_(client) {}

  /// What `name` means for `platform`. A tag is looked up in its registry each time, unless an image of that name was
  /// built into the store (and `pull` is false). A registry that does not answer is replaced by what the name meant last
  /// time, with a warning. Throws Error when there is no such image or none for the platform (naming those it has).
  FoundImage find(const std::string& name, const oci::Platform& platform, bool pull, std::stop_token stop,
                  const std::function<void(const std::string&)>& warn);

  /// Makes sure that the blob is in the store. Thread-safe; two builds fetch it once.
  void fetch_blob(const std::string& origin, const oci::Descriptor& blob, const registry::Progress& progress,
                  std::stop_token stop);

 private:
  std::string document(const std::string& origin, const oci::Descriptor& descriptor, std::stop_token stop);
  FoundImage select(FoundImage found, const oci::Platform& platform, const std::string& name, std::stop_token stop);

  store::Store& store_;
  registry::Client& client_;
};

}  // namespace slipway::source

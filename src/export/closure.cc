#include "export/closure.h"

#include <set>

#include <fmt/core.h>

#include "base/error.h"
#include "oci/media_types.h"

namespace slipway::exporter {
namespace {

void walk(store::Store& store, const oci::Descriptor& descriptor, Closure& out, std::set<oci::Digest>& seen,
          bool may_be_elsewhere) {
  if (!seen.insert(descriptor.digest).second) return;
  const std::string bytes = store.read_blob(descriptor.digest);
  if (oci::is_index(descriptor.media_type)) {
    for (const auto& entry : oci::parse_index(bytes, descriptor.digest.str()).manifests) walk(store, entry, out, seen, may_be_elsewhere);
  } else {
    const oci::Manifest manifest = oci::parse_manifest(bytes, descriptor.digest.str());
    const auto add = [&](const oci::Descriptor& blob, bool is_needed) {
      if (is_needed && !store.has_blob(blob.digest))
        throw Error(fmt::format("the store has lost blob {} of the image", blob.digest.str()), {}, "run the build again");
      if (seen.insert(blob.digest).second) out.blobs.push_back(blob);
    };
    add(manifest.config, true);
    for (const auto& layer : manifest.layers) add(layer, !may_be_elsewhere);
  }
  out.manifests.push_back(descriptor);
}

}  // namespace

Closure closure_of(store::Store& store, const oci::Descriptor& top, bool may_be_elsewhere) {
  Closure out;
  out.top = top;
  std::set<oci::Digest> seen;
  walk(store, top, out, seen, may_be_elsewhere);
  return out;
}

}  // namespace slipway::exporter

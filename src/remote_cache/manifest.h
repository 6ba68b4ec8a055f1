// A cache as an OCI image manifest: the ledger is its config, the blobs are its layers, so that a
// registry keeps them as long as the manifest. Registry and local caches have this form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/documents.h"

namespace slipway::remote_cache {

inline constexpr std::string_view kLedgerType = "application/vnd.slipway.cache.ledger.v1+zstd";

/// `ledger` describes the ledger's blob.
oci::Manifest manifest_of(const oci::Descriptor& ledger, std::vector<oci::Descriptor> blobs);

/// The ledger of a manifest. Throws Error saying what it is instead: a cache of BuildKit, an image.
oci::Descriptor ledger_in(const oci::Manifest& manifest, std::string_view origin);

/// Whether the bytes of a manifest or index are those of a runnable image, which an export must not
/// replace.
bool is_image(std::string_view bytes);

}  // namespace slipway::remote_cache

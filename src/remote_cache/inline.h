// `type=inline`: the records of an image's own layers, in a member of its config. They cost no blob
// and no request of their own.
#pragma once

#include <string>
#include <string_view>

#include "oci/documents.h"
#include "remote_cache/ledger.h"

namespace slipway::remote_cache {

/// The member of the config.
inline constexpr std::string_view kInlineMember = "dev.slipway.cache.v1";

/// The ledger as that member's text (base64). Only what names layers of the image, or none, is in
/// it.
std::string print_inline(const Ledger& ledger);

/// The ledger that an image config carries; empty if it carries none. Layers must be layers of
/// `manifest`. Throws Error naming `origin`, or NewerCache.
Ledger read_inline(std::string_view config, const oci::Manifest& manifest, std::string_view origin);

}  // namespace slipway::remote_cache

// Package URLs (purl-spec): pkg:TYPE/NAMESPACE/NAME@VERSION?QUALIFIERS.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oci/platform.h"

namespace slipway::attest {

using Qualifiers = std::vector<std::pair<std::string, std::string>>;

/// `space` may have several segments and may be empty, as may `version` and the values of
/// qualifiers (which are left out then). Qualifiers are sorted.
std::string package_url(std::string_view type, std::string_view space, std::string_view name,
                        std::string_view version, Qualifiers qualifiers = {});

/// An image reference as BuildKit writes it in provenance:
/// "pkg:docker/debian@12?platform=linux%2Famd64". A digest in the reference becomes a qualifier
/// unless `keep_digest` is false (materials have it beside the URL). `type`: "docker" for
/// registries, "oci" for layouts.
std::string image_url(std::string_view type, std::string_view reference,
                      const std::optional<oci::Platform>& platform, bool keep_digest = true);

}  // namespace slipway::attest

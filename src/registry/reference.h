// Image references as docker reads them (distribution/reference grammar): "debian" is
// docker.io/library/debian:latest.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "oci/digest.h"

namespace slipway::registry {

struct Reference {
  std::string host;        // "docker.io", "localhost:5000", "ghcr.io"
  std::string repository;  // "library/debian"
  std::string tag;         // empty when only a digest is given
  oci::Digest digest;      // empty unless pinned

  /// Canonical: "docker.io/library/debian:bookworm[@sha256:...]".
  std::string str() const;
  /// As docker shows it: "debian:bookworm" for docker.io/library.
  std::string familiar() const;
  auto operator<=>(const Reference&) const = default;
};

/// Throws Error saying which part is wrong (upper case in the repository is the common one) and a
/// valid spelling. Without tag and digest the tag is "latest".
Reference parse_reference(std::string_view text);

}  // namespace slipway::registry

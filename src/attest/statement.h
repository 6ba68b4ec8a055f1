// Predicates -> in-toto statements, and the manifest by which an image index carries them
// (docs/formats/attestations.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/documents.h"

namespace slipway::attest {

inline constexpr std::string_view kSpdxPredicate = "https://spdx.dev/Document";
inline constexpr std::string_view kSlsa1Predicate = "https://slsa.dev/provenance/v1";
inline constexpr std::string_view kSlsa02Predicate = "https://slsa.dev/provenance/v0.2";
inline constexpr std::string_view kAttestationArtifact =
    "application/vnd.docker.attestation.manifest.v1+json";

/// What is said about an image, before it is known which bytes the image has.
struct Attestation {
  std::string predicate_type;
  std::string predicate;     // JSON
  std::string file_name;     // where files are exported: "provenance.json", "sbom.spdx.json"
  bool inline_only = false;  // only where an index is written anyway
};

struct Subject {
  std::string name;  // a package URL of the image, or a path
  oci::Digest digest;
};

/// in-toto Statement v1. Compact, as a blob of an image; indented for a file.
std::string statement(const Attestation& attestation, const std::vector<Subject>& subjects);
std::string readable_statement(const Attestation& attestation,
                               const std::vector<Subject>& subjects);

/// Writes the statements about the image `target` and their manifest through `put`, which stores
/// bytes under their digest. Returns the manifest's entry in the index: platform unknown/unknown,
/// with the annotations by which readers find it. `as_artifact`: the OCI 1.1 form with a subject
/// and an empty config, else a manifest that looks like an image's.
oci::Descriptor attach(const std::vector<Attestation>& attestations,
                       const std::vector<Subject>& subjects, const oci::Descriptor& target,
                       bool as_artifact,
                       const std::function<oci::Digest(std::string_view bytes)>& put);

}  // namespace slipway::attest

// Which attestations a build is asked for, and their predicates: facts about the build and its
// files -> attest/.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attest/provenance.h"
#include "attest/scan.h"
#include "attest/statement.h"
#include "build/layers.h"
#include "build/request.h"
#include "build/step_runner.h"
#include "graph/graph.h"
#include "seams/observer.h"
#include "store/store.h"

namespace slipway::build {

struct ProvenanceWish {
  bool is_max = true;
  attest::SlsaVersion version = attest::SlsaVersion::V1;
  std::string builder_id;
  std::string file_name = "provenance.json";
  bool reproducible = false;
  bool inline_only = false;
  bool complete_materials = false;
};

struct AttestWishes {
  std::optional<ProvenanceWish> provenance;
  bool sbom = false;
  std::string generator;  // a scanner image that was asked for, and is not run
  bool provenance_refused =
      false;  // --provenance=false, or no default attestations: the metadata file has none either

  bool any() const { return provenance || sbom; }
  /// Whether something of it makes even a single image an index.
  bool needs_index(bool inline_too) const {
    return sbom || (provenance && (inline_too || !provenance->inline_only));
  }
};

/// From --attest, --provenance, --sbom and the build arguments BUILDKIT_ATTEST_*. Nothing is
/// attested unless it is asked for (docs/decisions). Throws Error naming keys and values that are
/// not known.
AttestWishes attest_wishes(const BuildRequest& request);

struct AttestContext {
  const BuildRequest& request;
  const graph::Graph& graph;
  const StepRunner& steps;
  Layers& layers;
  store::Store& store;
  seams::Observer& observer;
  std::string created;          // RFC 3339
  std::string dockerfile;       // its text
  std::string dockerfile_name;  // as the user wrote it
  std::string context_commit;   // of a git context, or the SHA-256 of a downloaded archive
  std::map<graph::StepId, std::string> commits;  // of GitCheckout steps
  std::stop_token stop;
};

/// What identifies the thing that an SBOM is about.
struct AttestSubject {
  std::string name;                     // canonical image name; empty = none
  oci::Digest digest;                   // of its manifest; empty when files are exported
  std::vector<oci::Descriptor> layers;  // of its manifest
};

class Attestor {
 public:
  explicit Attestor(const AttestContext& context);

  const AttestWishes& wishes() const { return wishes_; }
  /// What is attested of target number `target`: the SBOM, those of stages and context, then the
  /// provenance. Progress and warnings go to `step`.
  std::vector<attest::Attestation> attest(size_t target, const AttestSubject& subject,
                                          seams::StepId step);
  /// Provenance for the metadata file; nullopt if it was asked not to be there. The same for all
  /// outputs.
  std::optional<std::string> metadata_provenance(size_t target,
                                                 const std::vector<oci::Descriptor>& layers);

 private:
  const attest::Inventory& inventory(graph::StepId files, seams::StepId step);
  attest::Attestation sbom(const std::string& name, graph::StepId files,
                           const oci::Platform& platform, const AttestSubject& subject,
                           seams::StepId step);
  const attest::ProvenanceFacts& facts(size_t target);

  const AttestContext& c_;
  AttestWishes wishes_;
  std::map<graph::StepId, attest::Inventory> inventories_;
  std::map<size_t, attest::ProvenanceFacts> facts_;
};

}  // namespace slipway::build

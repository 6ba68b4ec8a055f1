// How an image was made, as a SLSA provenance predicate in the form that BuildKit gives it: version
// 1 or 0.2, mode min or max (docs/formats/attestations.md). Nothing in it says when or by which
// process: the same input gives the same bytes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "oci/documents.h"

namespace slipway::attest {

enum class SlsaVersion { V1, V02 };

/// Something the build took from elsewhere.
struct Material {
  std::string uri;        // a package URL for images, else a URL
  std::string algorithm;  // "sha256", "sha1"
  std::string hex;
  auto operator<=>(const Material&) const = default;
};

/// A secret or an ssh agent that a step asked for.
struct Use {
  std::string id;
  bool optional = false;
  auto operator<=>(const Use&) const = default;
};

struct ProvenanceFacts {
  std::string builder_id;  // from the user; may be empty
  bool reproducible = false;
  oci::Platform builder_platform;
  std::map<std::string, std::string>
      emulators;  // platform -> "qemu-aarch64 7.2.15"; of foreign steps only

  // What was asked for
  std::string config_uri;                   // a remote context; empty for local ones
  Material config_digest;                   // of it, if known
  std::string config_path;                  // of the Dockerfile
  std::map<std::string, std::string> args;  // frontend arguments: build-arg:X, label:X, target ...
  std::vector<std::string> locals;          // names of local directories that were read
  std::map<std::string, std::string> vcs;   // source, revision of the directory's repository

  // What it took
  std::vector<Material> materials;
  std::vector<Use> secrets, ssh;
  bool uses_network = false;

  // For mode max
  std::string dockerfile_name, dockerfile;
};

/// `layers`: those of the image's manifest, bottom first; empty when files are exported. With
/// `is_max` false nothing of build arguments, labels, secrets, steps and sources is in it.
std::string provenance_predicate(const ProvenanceFacts& facts, SlsaVersion version, bool is_max,
                                 const graph::Graph& graph, const graph::Target& target,
                                 const std::vector<oci::Descriptor>& layers);

/// The predicate that the metadata file shows: version 0.2, without steps and metadata unless
/// `is_full`.
std::string metadata_predicate(const ProvenanceFacts& facts, bool is_full, bool is_max,
                               const graph::Graph& graph, const graph::Target& target,
                               const std::vector<oci::Descriptor>& layers);

}  // namespace slipway::attest

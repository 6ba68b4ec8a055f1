// What --metadata-file says, with the keys of buildx.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oci/documents.h"

namespace slipway::build {

/// A finding about the Dockerfile, for tools.
struct BuildWarning {
  std::string rule;     // "StageNameCasing"; may be empty
  std::string message;  // one line
  std::string detail;   // what the rule says; may be empty
  std::string url;      // of its page; may be empty
  std::string file;     // name of the Dockerfile
  int line = 0, end_line = 0;
};

struct Metadata {
  std::optional<oci::Descriptor> descriptor;  // of the image; nothing for files
  std::optional<oci::Digest> config;          // of a single manifest
  std::vector<std::string> names;
  std::vector<std::string> joins;  // states of joined tags, JSON each
  std::string build_id;  // identity of steps and result, hex
  /// Predicates by platform; one without a name when a single platform was built.
  std::vector<std::pair<std::string, std::string>> provenance;
  std::optional<std::vector<BuildWarning>>
      warnings;            // only where BUILDX_METADATA_WARNINGS asks for them
  std::string dockerfile;  // its text, which warnings point into
};

std::string metadata_json(const Metadata& metadata);

}  // namespace slipway::build

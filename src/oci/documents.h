// Descriptor, manifest and index as plain data, and their JSON (OCI image spec v1.1; Docker schema 2 on reading).
//
// Reading accepts unknown members and loses them: whoever passes a document on passes its original bytes on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/fwd.h"
#include "oci/digest.h"
#include "oci/platform.h"

namespace slipway::oci {

using Annotations = std::map<std::string, std::string>;

struct Descriptor {
  std::string media_type;
  Digest digest;
  uint64_t size = 0;
  std::optional<Platform> platform;
  std::string artifact_type;
  Annotations annotations;
  bool operator==(const Descriptor&) const = default;
};

struct Manifest {
  std::string media_type;
  std::string artifact_type;
  Descriptor config;
  std::vector<Descriptor> layers;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

struct Index {
  std::string media_type;
  std::string artifact_type;
  std::vector<Descriptor> manifests;
  std::optional<Descriptor> subject;
  Annotations annotations;
};

json::Value to_json(const Descriptor& descriptor);
Descriptor descriptor_from_json(const json::Value& value, std::string_view origin);

/// Both throw Error naming `origin` on malformed documents (sizes, digests, types of members).
Manifest parse_manifest(std::string_view bytes, std::string_view origin);
Index parse_index(std::string_view bytes, std::string_view origin);
std::string print(const Manifest& manifest);
std::string print(const Index& index);

/// True for entries that describe another entry (BuildKit's attestation manifests, platform unknown/unknown):
/// no platform is ever resolved to one.
bool is_attestation(const Descriptor& descriptor);

/// The entry of `index` that serves `want` best; nullopt if none does.
std::optional<Descriptor> select_platform(const Index& index, const Platform& want);

}  // namespace slipway::oci

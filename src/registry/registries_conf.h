// registries.conf, version 2 (containers-registries.conf(5)): which registry stands in for which
// name, its mirrors, and what is insecure or blocked. toml++ stays inside registries_conf.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/reference.h"

namespace slipway::registry {

struct MirrorEntry {
  enum class For { All, DigestsOnly, TagsOnly };
  std::string location;  // "host[:port][/path]"
  bool insecure = false;
  For serves = For::All;
};

struct RegistryEntry {
  std::string prefix;    // "docker.io", "ghcr.io/team", "*.example.com"
  std::string location;  // what replaces the prefix; empty keeps the name (wildcards only)
  bool insecure = false;
  bool blocked = false;
  std::vector<MirrorEntry> mirrors;  // in the order to try
  std::string origin;                // path of the file that says so
};

struct RegistriesConf {
  std::vector<RegistryEntry> entries;

  /// The entry with the longest prefix that covers `ref`; nullptr if none does.
  const RegistryEntry* find(const Reference& ref) const;
};

/// Throws Error naming `origin` and the line for malformed TOML or wrong types. Unknown keys are
/// ignored, and so are unqualified-search-registries and short-name aliases: a name without a host
/// is docker.io's, as docker reads it.
RegistriesConf parse_registries_conf(std::string_view text, const std::string& origin);

/// Reads the files in order, each followed by the *.conf files of "PATH.d"; a later entry replaces
/// an earlier one of the same prefix. Files that are not there are skipped.
RegistriesConf read_registries_conf(const std::vector<std::string>& paths);

/// `name` ("host/repository") with the part that `prefix` covers replaced by `location`.
std::string rewrite(const std::string& name, const std::string& prefix,
                    const std::string& location);

}  // namespace slipway::registry

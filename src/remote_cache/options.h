// One `--cache-from` or `--cache-to` as it is understood: its keys checked by name, its values
// read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oci/media_types.h"
#include "registry/client.h"
#include "remote_cache/backend.h"

namespace slipway::remote_cache {

/// As the user gave it. Keys in lower case.
struct Spec {
  std::string type;  // registry local inline gha s3
  std::map<std::string, std::string> attrs;
};

struct ExportOptions {
  bool all_steps = false;           // mode=max
  bool ignore_error = true;         // an export that fails is a warning
  uint64_t max_bytes = 0;           // of the cache
  std::vector<std::string> mounts;  // ids of cache mounts to take along; "all"
  uint64_t mount_max_bytes = 0;     // of one mount's files
  oci::Compression compression = oci::Compression::Zstd;  // of layers that have no blob yet
  std::optional<int> level;
  bool force_compression = false;
  bool reset = false;  // forgets what the cache held before
  bool is_inline = false;
};

/// Variables of the environment.
using Environment = std::function<std::optional<std::string>(const char* name)>;

struct Tools {
  registry::Client& client;
  std::string scratch;  // a directory
  Environment environment;
  /// Something that a ledger names was not there: an export asks for each blob instead of believing
  /// the ledger.
  bool has_lost = false;
};

/// Throws Error naming the flag for a key that the type does not have (with what was probably
/// meant), a value that it cannot have, or one that is missing. Asks nobody.
ExportOptions read_export(const Spec& spec);
std::vector<std::string> read_import(const Spec& spec);  // ids of mounts

/// The place that a spec means. `is_export` tells dest from src. Throws Error. nullptr for a place
/// that is not there outside of its own world (gha without GitHub's variables), where `why` says
/// so.
std::unique_ptr<Backend> open(const Spec& spec, bool is_export, const Tools& tools,
                              std::string& why);

/// "host/repository" of a registry cache, else empty.
std::string repository_of(const Spec& spec);

}  // namespace slipway::remote_cache

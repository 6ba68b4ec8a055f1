// Targets and groups of bake files, as they are written and as they are resolved. Members that were not given are empty
// optionals: what is merged into another target leaves those of the other alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bake/text.h"

namespace slipway::bake {

/// One output, cache, secret, ssh socket, attestation or policy: key=value pairs, "type" among them. Its CSV form is that of
/// the flags of `slipway build`. The paths of an ssh entry stand under "paths", with commas.
using Entry = std::map<std::string, std::string>;
enum class EntryKind { Output, Cache, Secret, Ssh, Attest, Policy };

/// Reads the CSV form. Throws Error without a place.
Entry parse_entry(EntryKind kind, const std::string& text);
/// The CSV form again.
std::string entry_text(EntryKind kind, const Entry& entry);

using Texts = std::optional<std::vector<std::string>>;
using Entries = std::optional<std::vector<Entry>>;
using Pairs = std::map<std::string, std::string>;

struct Target {
  std::string name;
  Span span;  // where it is declared; no text for compose services
  std::string description;
  std::vector<std::string> inherits;
  Texts annotations;
  Entries attest;
  std::optional<std::string> context;
  Pairs contexts;
  std::optional<std::string> dockerfile, dockerfile_inline;
  Pairs args, labels;
  Texts tags;
  Entries cache_from, cache_to;
  std::optional<std::string> stage;  // "target" in the file
  Entries secrets, ssh;
  Texts platforms;
  Entries outputs;
  std::optional<bool> pull, no_cache;
  std::optional<std::string> network;
  Texts no_cache_filter;
  std::optional<std::string> shm_size;
  Texts ulimits;
  Pairs resources;
  std::optional<std::string> call;
  Texts entitlements;
  Pairs extra_hosts;
  Entries policy;
  bool is_linked = false;  // only built because another target is made of it
};

struct Group {
  std::string name;
  std::string description;
  std::vector<std::string> targets;
};

/// Puts what `over` says on top of `target`: of cache-to, output, platforms, tags and single values the last one counts,
/// everything else is added.
void merge(Target& target, const Target& over);

/// Drops what is there twice or empty; network host asks for its entitlement.
void normalize(Target& target);

/// Adds entries; of one id or type the last counts, and equal ones are there once.
void append(EntryKind kind, Entries& entries, const std::vector<Entry>& more);

}  // namespace slipway::bake

// Indexes out of what registries have: `slipway index create`, as `docker buildx imagetools create`
// does it. Manifests pass through as they are; only the index is new.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "joins/entry.h"
#include "registry/client.h"
#include "registry/reference.h"

namespace slipway::joins {

/// What is named by a reference, by a digest alone, or by the JSON of a descriptor, whose media type,
/// annotations and platform then count instead of those found.
struct Source {
  std::optional<registry::Reference> ref;
  std::optional<Entry> descriptor;
};
/// Throws Error for text that is none of them.
Source parse_source(std::string_view text);

/// An annotation of the new index, or of the descriptors in it (of `platform` if that is set).
struct Note {
  bool is_of_index = true;
  std::optional<oci::Platform> platform;
  std::string key, value;
};

struct ComposeOptions {
  std::vector<oci::Platform> platforms;  // only these, with their attestations; empty = all
  std::vector<Note> notes;
  bool prefer_index = true;  // false: the manifest of a single image is taken over as it is
};

/// A document and where its parts are.
struct Composed {
  std::string media_type, bytes;
  std::vector<std::pair<Entry, registry::Reference>> parts;  // manifests, each with a place to have it from
};

/// Sources without a reference are looked for in `home`, where they go. An index alone stays what it
/// is unless something changes it. Throws Error.
Composed compose(registry::Client& client, std::vector<Source> sources,
                 const std::optional<registry::Reference>& home, const ComposeOptions& options,
                 std::stop_token stop);

/// Puts it under `to`, which has a tag: parts of other repositories are copied first, blobs by
/// mounting where the registry can. `say` gets a line for each part that moves.
void publish(registry::Client& client, const Composed& composed, const registry::Reference& to,
             const std::function<void(const std::string&)>& say, std::stop_token stop);

}  // namespace slipway::joins

// Fragments: what one machine adds to a tag that several machines build together. A fragment is an
// image index under a tag of its own beside the target, so that any registry can keep it; what its
// annotations say is in docs/formats/fragment.md. Names and documents only, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "joins/entry.h"
#include "oci/platform.h"
#include "registry/reference.h"

namespace slipway::joins {

/// What all machines of one join agree on.
struct Plan {
  registry::Reference target;           // with a tag, without a digest
  std::string id;                       // of the run: "github-1234", "git-<commit>"
  std::vector<oci::Platform> expected;  // in the order of the index that will be published
};

struct Fragment {
  Plan plan;
  std::vector<oci::Platform> platforms;  // of this machine
  std::vector<Entry> images;             // one for each of `platforms`
  std::vector<Entry> attestations;       // about `images`
  std::string media_type;                // of the index that will be published
  oci::Annotations annotations;          // of that index
  std::string from;                      // which machine, for people
  int64_t at = 0;                        // when, seconds since the epoch
  bool is_abandoned = false;             // does not count any more
};

/// The fragment that a built index is: its first entries are the images of `platforms`, the rest are
/// attestations. Annotations that only fragments have are not taken over.
Fragment fragment_of(const Plan& plan, const std::vector<oci::Platform>& platforms,
                     std::string_view index, std::string_view origin);

/// An OCI index; parse_fragment(print(f)) says what f says.
std::string print(const Fragment& fragment);
/// Throws Error naming `origin` for documents that are no fragment of `target`, with a hint.
Fragment parse_fragment(std::string_view bytes, const registry::Reference& target,
                        std::string_view origin);
/// Whether an index says that it is a fragment.
bool is_fragment(const oci::Annotations& annotations);

/// Where the fragment for one platform is: "app:1.join-<12 hex digits of target tag and id>-linux-arm64".
registry::Reference place_of(const Plan& plan, const oci::Platform& platform);
/// Where the latest fragment of a join is, whatever its platform: "app:1.join-<12 hex digits>".
registry::Reference head_of(const Plan& plan);
/// Whether `tag` has the form of a head of `target`.
bool is_head_tag(const registry::Reference& target, std::string_view tag);

/// "linux/amd64, linux/arm64".
std::string text_of(const std::vector<oci::Platform>& platforms);

}  // namespace slipway::joins

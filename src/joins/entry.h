// One entry of an index, with the text it was written in: what is passed on is passed on as it was,
// members that this program does not know included.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oci/documents.h"

namespace slipway::joins {

struct Entry {
  oci::Descriptor descriptor;
  std::string text;  // JSON; says the same as `descriptor`, and perhaps more
};

Entry entry_of(const oci::Descriptor& descriptor);
/// The entries of an index, in order. Throws Error naming `origin`.
std::vector<Entry> entries_of(std::string_view index, std::string_view origin);
/// An index in the form of oci::print(Index): the same members in the same order.
std::string print_index(std::string_view media_type, const std::vector<Entry>& entries,
                        const oci::Annotations& annotations);
/// `entry` with other annotations on its descriptor; everything else stays as it was written.
Entry with_annotations(const Entry& entry, const oci::Annotations& annotations);
/// `entry` with a platform where it had none.
Entry with_platform(const Entry& entry, const oci::Platform& platform);

/// The digest of the image that an attestation's entry is about; empty for other entries.
std::string subject_of(const oci::Descriptor& descriptor);

}  // namespace slipway::joins

// The ledger: what a travelling cache knows, as a value. It is the only document that an import
// reads at first; everything else is fetched when its bytes are needed.
// docs/formats/remote-cache.md says how it is written down.
//
// Nothing in it is a time: how old an entry is counts in exports ("generations"), so that a clock
// that jumps changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/documents.h"
#include "store/store.h"

namespace slipway::remote_cache {

/// A record of the step cache. The key says what it is about.
struct Record {
  std::string value;  // as the store keeps it
  /// What the layers of RUN steps under it must be: a RUN may give something else each time, and
  /// only layers that were made on top of each other belong together. Empty: it stands alone.
  std::string under;
  /// Records of one group say something about one result: they come from one build or are not used.
  std::string group;
  uint64_t used = 0;  // generation of the last export that used it
  bool operator==(const Record&) const = default;
};

struct Layer {
  store::LayerBlob blob;
  uint64_t used = 0;
};

/// A snapshot of a cache mount: its listing says where each piece of each file is in the packs.
struct Mount {
  oci::Descriptor listing;
  std::vector<oci::Descriptor> packs;
  uint64_t used = 0;
};

struct Ledger {
  uint64_t generation = 0;
  std::map<std::string, Record> records;  // by key
  std::map<std::string, Layer> layers;    // by layer id
  std::map<std::string, Mount> mounts;    // by mount id

  bool empty() const { return records.empty() && layers.empty() && mounts.empty(); }
  /// Every blob that it names, once, in a fixed order.
  std::vector<oci::Descriptor> blobs() const;
};

/// A cache that only a newer program understands: it is left as it is.
class NewerCache : public Error {
 public:
  using Error::Error;
};

/// Bytes of the document: JSON, compressed by zstd. The same ledger gives the same bytes.
std::string print(const Ledger& ledger);

/// Reads what anybody may have written. Throws NewerCache for a version that is not known, and
/// Error naming `origin` for anything that does not have the documented form, or is too large to be
/// true.
Ledger parse(std::string_view bytes, std::string_view origin);

/// What `theirs` becomes when a build exports `ours` into it: a new generation in which everything
/// of ours was used. Where both say something about one key or layer, ours counts.
Ledger merge(const Ledger& theirs, const Ledger& ours);

/// Takes away what was not used for longest until all blobs together have at most `max_bytes`, then
/// the records that name a layer that is not there, and records beyond `max_records`.
void evict(Ledger& ledger, uint64_t max_bytes, size_t max_records);

/// "tree:...", "run:...", "archive-copy:...": layers that steps make. No other comes from a cache.
bool is_layer_id(std::string_view id);
/// The layer that a record's value names, or empty.
std::string_view layer_of(std::string_view value);

}  // namespace slipway::remote_cache

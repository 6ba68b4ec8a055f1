// What the files of this room share: the parts of a Store.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>

#include "store/database.h"
#include "store/files.h"
#include "store/leases.h"
#include "store/store.h"

namespace slipway::store {

struct Store::Impl {
  explicit Impl(const std::string& root);
  ~Impl();

  /// Notes the use of a layer or record; all notes reach the database in one transaction at the
  /// end.
  void note_layer_use(const std::string& layer_id);
  void note_record_use(const std::string& key);
  void write_notes();

  /// After a restart of the machine: takes back what was published so shortly before that its files
  /// may never have reached the disk.
  void distrust_what_a_crash_may_have_cut();

  /// A blob whose file is there and whole; `size` is what the database says, if it says anything.
  bool is_whole(const oci::Digest& digest);
  bool is_seen_whole(const oci::Digest& digest);
  void see_whole(const oci::Digest& digest);
  void remember_blob(const oci::Digest& digest, uint64_t size);
  std::unique_ptr<BlobWriter> new_blob();

  std::string scratch_file() { return lease.scratch_name(); }

  const Layout layout;
  Lease lease;
  Database database;

  std::mutex mutex;  // guards what follows
  std::map<std::string, int64_t> used_layers, used_records;
  std::map<std::string, int64_t> costs;  // milliseconds
  std::unordered_set<std::string>
      whole_blobs;                // leased and checked: only their presence may change
  std::set<int64_t> unpublished;  // directories of ours that are being made
  int64_t next_directory = 0;     // 0: not looked yet
};

/// The parts of a key out of the column `parts`.
KeyParts decode_parts(std::string_view bytes);

}  // namespace slipway::store

// The embedded store: blobs, snapshot directories, cache records, cache mounts, images. A directory
// that is itself a valid OCI image layout (blobs/, oci-layout, index.json), with one SQLite file
// (WAL) for what a layout cannot say.
//
// Any number of processes use one store at once. A process that dies loses only its unfinished
// work: everything becomes visible by one rename or one transaction, and what a dead process left
// in tmp/ is swept by the next. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oci/documents.h"

namespace slipway::store {

/// Cache keys are hashes of labelled parts; the parts are kept so that a miss can be explained.
using KeyParts = std::vector<std::pair<std::string, std::string>>;  // label, value

struct Record {
  std::string value;  // JSON of the room that wrote it
  KeyParts parts;
  int64_t created = 0, last_used = 0;  // seconds since the epoch
};

/// What the store has of one layer. A layer id names content: "tree:<digest>" (COPY and friends),
/// "run:<key>" (a RUN's result), "diff:<diffID>" (a layer of a base image).
struct LayerBlob {
  std::string
      form;  // how it was compressed: "gzip", "zstd:3", "none" ... as the export room spells it
  oci::Digest digest;
  oci::Digest diff_id;
  uint64_t size = 0;
  std::string media_type;
};

struct Image {
  std::string name;  // canonical reference, "docker.io/library/app:1"
  oci::Descriptor descriptor;
};

/// An advisory lock held until destruction (dies with the process).
class Lock {
 public:
  Lock() = default;
  explicit Lock(int fd) : fd_(fd) {}
  Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Lock& operator=(Lock&& other) noexcept;
  ~Lock();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// A blob being written: bytes go to a temp file, commit() renames it. Dropped without commit it is
/// gone.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;
  virtual void write(std::span<const uint8_t> bytes) = 0;
  /// Makes the blob visible under the digest that the caller computed while writing: nothing is
  /// read a second time. The same blob committed by somebody else meanwhile is as good. At most
  /// once.
  virtual void commit(const oci::Digest& digest) = 0;
};

/// One thing in the store. The bytes of all of them add up to what `du` says of the directory.
struct Usage {
  std::string kind;  // "blobs", "snapshots", "cache mounts", "records", "scratch"; prune: "images"
  std::string name;
  uint64_t bytes = 0;  // disk blocks, as du counts them
  int64_t last_used = 0;
  bool in_use = false;  // by a live process or an image
  double rebuild_seconds = 0;  // what it would take to make it again, about; 0 for what needs nothing
  KeyParts parts;              // of a layer: of the newest record that names it; says which step made it
};

/// Without any of them goes what no image needs and no build used in the last 7 days.
struct PruneOptions {
  bool all = false;  // also what images and recent builds still use; images go last
  /// A ceiling for the whole directory in disk blocks: what is cheapest to make again for its size
  /// goes first, until it is kept; of equals the least recently used. What images (unless `all`) and
  /// live processes need stays even above it.
  std::optional<uint64_t> max_bytes;
  std::optional<int64_t> unused_for;  // seconds; instead of the 7 days
};

class Store {
 public:
  /// Opens or creates the store at `root` (default: $SLIPWAY_HOME, else /var/lib/slipway as root
  /// and $XDG_DATA_HOME/slipway else ~/.local/share/slipway as user). Takes a lease that keeps
  /// prune away from what this process uses. Throws Error for a store of a newer version or a
  /// directory with other things in it, with the way out. A damaged record file is put aside with a
  /// warning, whenever it is met; images and blobs outlive it. Must be destroyed by the process
  /// that made it: a forked child leaves with _exit.
  explicit Store(const std::string& root);
  ~Store();
  static std::string default_root(bool is_root);
  /// What went wrong without stopping anything (a damaged record file that was put aside), each a
  /// sentence; said once.
  std::vector<std::string> take_warnings();
  const std::string& root() const;

  // Blobs ---------------------------------------------------------------------------------------
  bool has_blob(const oci::Digest& digest) const;
  std::string blob_path(const oci::Digest& digest) const;  // where it is or would be
  std::unique_ptr<BlobWriter> new_blob();
  /// Small documents in one go; returns the digest.
  oci::Digest put_blob(std::string_view bytes);
  std::string read_blob(const oci::Digest& digest) const;  // verifies the digest; Error if damaged

  // Layers --------------------------------------------------------------------------------------
  /// The unpacked directory of a layer; nullopt when there is none. Marks it used.
  std::optional<std::string> layer_dir(const std::string& layer_id);
  /// A new empty directory (short numeric name, same file system) in which a layer is being made.
  std::string new_dir();
  /// Publishes `dir` (from new_dir) as the directory of `layer_id`; if another process was first,
  /// theirs is kept and ours removed. Returns the published path.
  std::string publish_dir(const std::string& layer_id, const std::string& dir);
  /// Removes `dir` (from new_dir), which becomes no layer. From then on it may be another process's.
  void drop_dir(const std::string& dir);
  std::optional<std::string> layer_tree(const std::string& layer_id);  // bytes of tree::serialize
  void put_layer_tree(const std::string& layer_id, std::string_view serialized);
  std::vector<LayerBlob> layer_blobs(const std::string& layer_id);
  void put_layer_blob(const std::string& layer_id, const LayerBlob& blob);

  // Records (the step cache) --------------------------------------------------------------------
  std::optional<Record> find_record(const std::string& key);
  void put_record(const std::string& key, std::string_view value, const KeyParts& parts);
  /// Records that share the part `label`=`value`, newest first, for explaining a miss.
  std::vector<std::pair<std::string, Record>> records_with(std::string_view label,
                                                           std::string_view value, int limit);
  void drop_record(const std::string& key);

  // Work sharing --------------------------------------------------------------------------------
  /// Exclusive across processes and threads: two builds do not run one step twice. Waits; throws
  /// Cancelled.
  Lock lock_key(const std::string& key, std::stop_token stop);

  // Cache mounts --------------------------------------------------------------------------------
  enum class Sharing { Shared, Private, Locked };
  struct CacheMount {
    std::string path;
    Lock lock;  // held for Locked; for Private a free instance is taken and held
  };
  CacheMount open_cache_mount(const std::string& id, Sharing sharing, std::stop_token stop);
  /// A directory kept for the clone of a git repository, held alone. It is a locked cache mount whose
  /// name no Dockerfile can say: what git finds in there, it may execute. `remote` has no password.
  CacheMount open_clone(const std::string& remote, std::stop_token stop);

  // Images --------------------------------------------------------------------------------------
  void tag_image(const std::string& name, const oci::Descriptor& descriptor);  // also in index.json
  bool untag_image(const std::string& name);
  std::vector<Image> images() const;

  // File stamps: content digests of context files that need not be read again -------------------
  /// One blob of bytes per context root (format of source/), replaced atomically.
  std::optional<std::string> read_stamps(const std::string& context_root);
  void write_stamps(const std::string& context_root, std::string_view bytes);

  /// A directory under tmp/ for scratch files of this process; swept when it dies.
  std::string scratch_dir();

  /// Remembers what it took to make a layer (its id) or to fill a cache mount ("mount:" and its id);
  /// of several times the longest counts.
  void note_cost(const std::string& name, double seconds);

  // Housekeeping --------------------------------------------------------------------------------
  std::vector<Usage> usage();
  /// Removes what is not used; returns what went. Never touches what a live process has leased.
  std::vector<Usage> prune(const PruneOptions& options);

  struct Impl;  // the room's own (impl.h)

 private:
  CacheMount open_instance(const std::string& base, const std::string& id, Sharing sharing,
                           std::stop_token stop);

  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::store

// du and prune: tells what an inventory holds, and takes away what choose_victims picked.
//
// First the rows and index.json, then the files: a crash in between leaves files that nothing
// names, which the next prune finds. Under the prune lock things are only renamed into tmp/; their
// removal takes its time afterwards.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "os/fs.h"
#include "store/index.h"
#include "store/locks.h"
#include "store/victims.h"

namespace slipway::store {
namespace {

constexpr const char* kBlobs = "blobs";
constexpr const char* kSnapshots = "snapshots";
constexpr const char* kMounts = "cache mounts";
constexpr const char* kRecords = "records";
constexpr const char* kImages = "images";
constexpr const char* kScratch = "scratch";

Usage usage_of(const char* kind, std::string name, uint64_t bytes, int64_t last_used, bool in_use) {
  return {.kind = kind,
          .name = std::move(name),
          .bytes = bytes,
          .last_used = last_used,
          .in_use = in_use,
          .rebuild_seconds = 0,
          .parts = {}};
}
Usage usage_of(const std::string& hex, const Inventory::Blob& blob, bool in_use) {
  return usage_of(kBlobs, "sha256:" + hex, blob.bytes, blob.made, in_use);
}
Usage usage_of(const Inventory::Layer& layer, bool in_use) {
  return usage_of(kSnapshots, layer.id, layer.directory_bytes + layer.tree_bytes, layer.last_used,
                  in_use);
}
Usage usage_of(const Inventory::Mount& mount) {
  return usage_of(kMounts, mount.id, mount.bytes, mount.last_used, mount.held);
}
Usage usage_of(const char* kind, const Inventory::File& file) {
  return usage_of(kind, os::base_name(os::dir_name(file.path)) + "/" + os::base_name(file.path),
                  file.bytes, file.last_used, false);
}

/// One prune: decides under the prune lock, removes after it.
class Pruning {
 public:
  Pruning(Store::Impl& store, const PruneOptions& options) : store_(store), options_(options) {}

  /// True if something went and a look at what is left may be worth it.
  bool round(std::vector<Usage>& gone) {
    {
      const Lock lock = lock_briefly(store_.layout.prune_lock(), LockKind::Exclusive);
      inventory_ = take_inventory(store_);
      victims_ = choose_victims(inventory_, options_, now());
      if (victims_.empty() && inventory_.strays.empty()) return false;
      take_unnamed();
      try {
        forget();
      } catch (const Error&) {
        // A full disk has no room for the log of a transaction either. A row without its directory
        // is no harm (layer_dir looks), so the directories go first this once.
        take_directories();
        empty_trash();
        forget();
      }
      take_directories();
      take_named();
    }
    report(gone);
    empty_trash();
    return true;
  }

 private:
  void move_to_trash(const std::string& path) {
    const std::string to = store_.scratch_file();
    if (::rename(path.c_str(), to.c_str()) == 0)
      trash_.push_back(to);
    else if (errno != ENOENT)
      throw errno_error("remove", path)
          .hint("it belongs to whoever owns the store: prune as that user");
  }

  /// What no row and no index.json names: nothing has to be written before it may go.
  void take_unnamed() {
    for (const auto& stray : inventory_.strays) move_to_trash(stray.path);
    for (const size_t at : victims_.stamps) move_to_trash(inventory_.stamps[at].path);
    std::set<size_t> taken;
    for (const size_t at : victims_.mounts)
      if (take_mount(inventory_.mounts[at].path)) taken.insert(at);
    victims_.mounts = std::move(taken);
  }

  bool take_mount(const std::string& path) {
    const std::string base = os::dir_name(path);
    {
      const auto lock = try_lock(path + ".lock", LockKind::Exclusive);
      if (!lock) return false;  // taken into use since we looked
      move_to_trash(path);
      ::unlink((path + ".lock").c_str());
    }
    const auto left = os::list_dir(base);
    if (left.empty() || left == std::vector<std::string>{"id"}) {
      ::unlink((base + "/id").c_str());
      ::rmdir(base.c_str());  // fails, rightly, if somebody came back meanwhile
    }
    return true;
  }

  void forget() {
    if (!victims_.images.empty())
      change_index(store_, [&](oci::Index& index) {
        return std::erase_if(index.manifests, [&](const oci::Descriptor& each) {
                 for (const size_t at : victims_.images)
                   if (inventory_.images[at].name == name_of(each) &&
                       inventory_.images[at].digest == each.digest.hex())
                     return true;
                 return false;
               }) > 0;
      });
    store_.database.change([&](Connection& db) {
      for (const size_t at : victims_.records)
        db.run("DELETE FROM records WHERE key=?", inventory_.records[at].key);
      for (const size_t at : victims_.layers) {
        const std::string& id = inventory_.layers[at].id;
        db.run("DELETE FROM layer_blobs WHERE layer=(SELECT id FROM layers WHERE name=?)", id);
        db.run("DELETE FROM layers WHERE name=?", id);
        db.run("DELETE FROM costs WHERE name=?", id);
      }
      for (const size_t at : victims_.mounts)
        db.run("DELETE FROM costs WHERE name=?", "mount:" + inventory_.mounts[at].id);
      for (const auto& hex : victims_.blobs) db.run("DELETE FROM blobs WHERE digest=?", hex);
    });
  }

  void take_directories() {
    for (const size_t at : victims_.layers)
      if (const auto& layer = inventory_.layers[at]; layer.directory)
        move_to_trash(store_.layout.layer(*layer.directory));
  }

  void take_named() {
    for (const size_t at : victims_.layers)
      move_to_trash(store_.layout.tree(inventory_.layers[at].id));
    for (const auto& hex : victims_.blobs) move_to_trash(store_.layout.blobs() + "/" + hex);
  }

  void report(std::vector<Usage>& gone) const {
    for (const size_t at : victims_.images)
      gone.push_back(
          usage_of(kImages, inventory_.images[at].name, 0, inventory_.images[at].made, false));
    for (const auto& hex : victims_.blobs)
      gone.push_back(usage_of(hex, inventory_.blobs.at(hex), false));
    for (const size_t at : victims_.layers)
      if (const Usage usage = usage_of(inventory_.layers[at], false); usage.bytes > 0)
        gone.push_back(usage);
    for (const size_t at : victims_.mounts) gone.push_back(usage_of(inventory_.mounts[at]));
    for (const size_t at : victims_.records) {
      const auto& record = inventory_.records[at];
      gone.push_back(usage_of(kRecords, record.key, record.bytes, record.last_used, false));
    }
    for (const size_t at : victims_.stamps)
      gone.push_back(usage_of(kRecords, inventory_.stamps[at]));
    for (const auto& stray : inventory_.strays) gone.push_back(usage_of(kScratch, stray));
  }

  void empty_trash() {
    for (const auto& path : std::exchange(trash_, {})) os::remove_tree(path);
  }

  Store::Impl& store_;
  const PruneOptions& options_;
  Inventory inventory_;
  Victims victims_;
  std::vector<std::string> trash_;
};

KeyParts parts_of(Store::Impl& store, const std::string& key) {
  const std::string bytes = store.database.with([&](Connection& db) {
    Query query = db.query("SELECT parts FROM records WHERE key=?", key);
    return query.step() ? query.text(0) : std::string();
  });
  return decode_parts(bytes);
}

/// Gives the pages that deleted rows left back to the disk.
void shrink_database(Store::Impl& store) {
  store.database.with([](Connection& db) {
    db.execute("PRAGMA incremental_vacuum");
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  });
}

}  // namespace

std::vector<Usage> Store::usage() {
  impl_->write_notes();
  measure_layers(*impl_);
  const Inventory inventory = take_inventory(*impl_);
  const Needed in_use = needed(inventory, false);
  // Which layers a blob is a form of, and which step made a layer: the newest record says it.
  std::map<std::string, size_t> layer_of_blob;
  for (size_t i = 0; i < inventory.layers.size(); ++i)
    for (const auto& hex : inventory.layers[i].blobs) layer_of_blob.emplace(hex, i);
  std::map<size_t, KeyParts> made_by;
  for (const auto& record : inventory.records)
    for (const size_t layer : record.layers)
      // One part alone says what kind of memory a record is, not how a layer was made.
      if (KeyParts parts = parts_of(*impl_, record.key); parts.size() > 1)
        made_by[layer] = std::move(parts);
  std::vector<Usage> out;
  for (const auto& [hex, blob] : inventory.blobs) {
    Usage usage = usage_of(hex, blob, in_use.blobs.contains(hex));
    if (const auto layer = layer_of_blob.find(hex); layer != layer_of_blob.end()) {
      usage.rebuild_seconds = rebuild_seconds(inventory, inventory.layers[layer->second]);
      usage.parts = made_by[layer->second];
    }
    out.push_back(std::move(usage));
  }
  for (size_t i = 0; i < inventory.layers.size(); ++i) {
    Usage usage = usage_of(inventory.layers[i], in_use.layers.contains(i));
    if (usage.bytes == 0) continue;
    usage.rebuild_seconds = rebuild_seconds(inventory, inventory.layers[i]);
    usage.parts = made_by[i];
    out.push_back(std::move(usage));
  }
  for (const auto& mount : inventory.mounts) {
    out.push_back(usage_of(mount));
    out.back().rebuild_seconds = rebuild_seconds(mount);
  }
  for (const auto& stamp : inventory.stamps) out.push_back(usage_of(kRecords, stamp));
  for (const auto& stray : inventory.strays) out.push_back(usage_of(kScratch, stray));
  out.push_back(usage_of(
      kRecords,
      fmt::format("{} records and what holds the store together", inventory.records.size()),
      inventory.other_bytes, now(), true));
  if (inventory.scratch_bytes > 0)
    out.push_back(
        usage_of(kScratch, "of builds that are running", inventory.scratch_bytes, now(), true));
  return out;
}

std::vector<Usage> Store::prune(const PruneOptions& options) {
  // The database shrinks only after its rows have gone, so what a ceiling still asks for is known
  // exactly only then.
  constexpr int kRounds = 4;
  try {
    impl_->write_notes();
    measure_layers(*impl_);
  } catch (const Error&) {
    // A full disk is a reason to prune, not to fail: the order is a little less exact then.
  }
  std::vector<Usage> gone;
  Pruning pruning(*impl_, options);
  for (int i = 0; i < kRounds && pruning.round(gone); ++i) {
    shrink_database(*impl_);
    if (!options.max_bytes) break;
  }
  return gone;
}

}  // namespace slipway::store

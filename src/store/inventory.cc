#include "store/inventory.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "oci/documents.h"
#include "os/fs.h"
#include "store/index.h"
#include "store/locks.h"

namespace slipway::store {
namespace {

constexpr off_t kMaxDocument = off_t{8} << 20;  // larger blobs are layers

uint64_t own_blocks(const std::string& path) {
  struct stat st{};
  return ::lstat(path.c_str(), &st) == 0 ? static_cast<uint64_t>(st.st_blocks) * 512 : 0;
}

bool is_hex_digest(const std::string& name) {
  return oci::Digest::parse("sha256:" + name).has_value();
}

/// The blobs that an index or a manifest names; none if the bytes are neither.
std::vector<std::string> children_of(const std::string& bytes) {
  std::vector<std::string> out;
  if (!bytes.starts_with('{') || bytes.find("\"schemaVersion\"") == bytes.npos) return out;
  const auto add = [&](const oci::Descriptor& each) { out.push_back(each.digest.hex()); };
  try {
    if (bytes.find("\"manifests\"") != bytes.npos) {
      const oci::Index index = oci::parse_index(bytes, "index");
      std::for_each(index.manifests.begin(), index.manifests.end(), add);
    }
    if (bytes.find("\"config\"") != bytes.npos) {
      const oci::Manifest manifest = oci::parse_manifest(bytes, "manifest");
      add(manifest.config);
      std::for_each(manifest.layers.begin(), manifest.layers.end(), add);
    }
  } catch (const Error&) {
    // Not an image document after all: it names nothing.
  }
  return out;
}

class Taker {
 public:
  explicit Taker(Store::Impl& store)
      : store_(store), layout_(store.layout), living_(marks_of_the_living(layout_)) {}

  Inventory take() {
    for (const auto& path : {layout_.root() + "/blobs", layout_.blobs(), layout_.layers(),
                             layout_.trees(), layout_.mounts(), layout_.stamps()})
      out_.other_bytes += own_blocks(path);
    take_blobs();
    take_rows();
    take_directories();
    take_trees();
    take_mounts();
    take_stamps();
    take_images();
    take_rest();
    return std::move(out_);
  }

 private:
  void take_blobs() {
    for (const auto& name : os::list_dir(layout_.blobs())) {
      const std::string path = layout_.blobs() + "/" + name;
      struct stat st{};
      if (::lstat(path.c_str(), &st) != 0) continue;
      const uint64_t bytes = disk_bytes(path, seen_);
      const auto made = static_cast<int64_t>(st.st_mtim.tv_sec);
      if (!is_hex_digest(name)) {
        out_.strays.push_back({path, bytes, made});
        continue;
      }
      Inventory::Blob& blob = out_.blobs[name];
      blob.bytes = bytes;
      blob.made = made;
      blob.held = living_.contains("b" + name);
      if (st.st_size <= kMaxDocument) documents_.insert(name);
    }
    for (const auto& name : documents_)
      if (const auto bytes = os::read_file_if_exists(layout_.blobs() + "/" + name))
        out_.blobs[name].children = children_of(*bytes);
  }

  void take_rows() {
    store_.database.with([&](Connection& db) {
      out_.layers.clear();
      out_.records.clear();
      layer_index_.clear();
      std::map<int64_t, size_t> by_row;
      {
        costs_.clear();
        Query query = db.query("SELECT name, milliseconds FROM costs");
        while (query.step()) costs_[query.text(0)] = query.integer(1);
      }
      {
        Query query = db.query(
            "SELECT id, name, directory, directory_bytes, last_used FROM layers ORDER BY id");
        while (query.step()) {
          Inventory::Layer layer;
          layer.id = query.text(1);
          if (!query.is_null(2)) layer.directory = query.integer(2);
          layer.directory_bytes = static_cast<uint64_t>(query.integer(3));
          layer.last_used = query.integer(4);
          layer.held = living_.contains(layer_mark(layer.id));
          layer.cost_ms = cost_of(layer.id);
          by_row[query.integer(0)] = out_.layers.size();
          layer_index_[layer.id] = out_.layers.size();
          out_.layers.push_back(std::move(layer));
        }
      }
      {
        Query query = db.query("SELECT layer, digest FROM layer_blobs ORDER BY layer, form");
        while (query.step())
          if (const auto row = by_row.find(query.integer(0)); row != by_row.end())
            out_.layers[row->second].blobs.push_back(query.text(1));
      }
      Query query =
          db.query("SELECT key, value, length(parts), last_used FROM records ORDER BY id");
      while (query.step()) {
        Inventory::Entry record;
        record.key = query.text(0);
        const std::string value = query.text(1);
        record.bytes = record.key.size() + value.size() + static_cast<uint64_t>(query.integer(2));
        record.last_used = query.integer(3);
        record.held = living_.contains(record_mark(record.key));
        References names = references_in(value);
        for (const auto& id : names.layer_ids)
          if (const auto layer = layer_index_.find(id); layer != layer_index_.end())
            record.layers.push_back(layer->second);
        record.blobs = std::move(names.digests);
        out_.records.push_back(std::move(record));
      }
    });
  }

  void take_directories() {
    std::set<std::string> published;
    for (auto& layer : out_.layers) {
      if (!layer.directory) continue;
      published.insert(std::to_string(*layer.directory));
      if (!os::exists(layout_.layer(*layer.directory))) layer.directory_bytes = 0;
    }
    for (const auto& name : os::list_dir(layout_.layers())) {
      if (published.contains(name)) continue;
      const std::string path = layout_.layers() + "/" + name;
      const uint64_t bytes = disk_bytes(path, seen_);
      if (living_.contains("d" + name))
        out_.scratch_bytes += bytes;
      else
        out_.strays.push_back({path, bytes, modified(path).value_or(0)});
    }
  }

  void take_trees() {
    std::map<std::string, size_t> owners;
    for (size_t i = 0; i < out_.layers.size(); ++i) owners[short_hash(out_.layers[i].id)] = i;
    for (const auto& name : os::list_dir(layout_.trees())) {
      const std::string path = layout_.trees() + "/" + name;
      const uint64_t bytes = disk_bytes(path, seen_);
      if (const auto owner = owners.find(name); owner != owners.end())
        out_.layers[owner->second].tree_bytes = bytes;
      else if (living_.contains("l" + name))
        out_.scratch_bytes += bytes;  // its row is about to be written
      else
        out_.strays.push_back({path, bytes, modified(path).value_or(0)});
    }
  }

  void take_mounts() {
    for (const auto& name : os::list_dir(layout_.mounts())) {
      const std::string base = layout_.mounts() + "/" + name;
      const std::string id = os::read_file_if_exists(base + "/id").value_or(name);
      out_.other_bytes += own_blocks(base);
      for (const auto& each : os::list_dir(base)) {
        const std::string path = base + "/" + each;
        if (!parse_u64(each)) {
          out_.other_bytes += own_blocks(path);
          continue;
        }
        const std::string lock_path = path + ".lock";
        const bool held =
            os::exists(lock_path) && !try_lock(lock_path, LockKind::Exclusive).has_value();
        out_.mounts.push_back({.id = id,
                               .path = path,
                               .bytes = disk_bytes(path, seen_),
                               .last_used = modified(lock_path).value_or(0),
                               .cost_ms = cost_of("mount:" + id),
                               .held = held});
      }
    }
  }

  void take_stamps() {
    for (const auto& name : os::list_dir(layout_.stamps())) {
      const std::string path = layout_.stamps() + "/" + name;
      out_.stamps.push_back({path, disk_bytes(path, seen_), modified(path).value_or(0)});
    }
  }

  void take_images() {
    for (const auto& entry : read_index(layout_).manifests) {
      const auto blob = out_.blobs.find(entry.digest.hex());
      out_.images.push_back({.name = name_of(entry),
                             .digest = entry.digest.hex(),
                             .made = blob == out_.blobs.end() ? 0 : blob->second.made});
    }
  }

  void take_rest() {
    out_.other_bytes += own_blocks(layout_.root()) + own_blocks(layout_.scratch());
    for (const auto& name : os::list_dir(layout_.scratch())) {
      const std::string path = layout_.scratch() + "/" + name;
      const uint64_t bytes = disk_bytes(path, seen_);
      if (os::exists(layout_.leases() + "/" + name))
        out_.scratch_bytes += bytes;
      else
        out_.strays.push_back({path, bytes, modified(path).value_or(0)});
    }
    const std::string damaged = os::base_name(layout_.database()) + ".damaged-";
    static const std::set<std::string> kDone = {"blobs",  "layers", "trees",
                                                "mounts", "stamps", "tmp"};
    for (const auto& name : os::list_dir(layout_.root())) {
      if (kDone.contains(name)) continue;
      const std::string path = layout_.root() + "/" + name;
      const uint64_t bytes = disk_bytes(path, seen_);
      if (name.starts_with(damaged))
        out_.strays.push_back({path, bytes, modified(path).value_or(0)});
      else
        out_.other_bytes += bytes;
    }
  }

  int64_t cost_of(const std::string& name) const {
    const auto found = costs_.find(name);
    return found == costs_.end() ? 0 : found->second;
  }

  Store::Impl& store_;
  const Layout& layout_;
  std::map<std::string, int64_t> costs_;
  const Marks living_;
  Inventory out_;
  Seen seen_;
  std::set<std::string> documents_;
  std::map<std::string, size_t> layer_index_;
};

}  // namespace

uint64_t Inventory::total_bytes() const {
  uint64_t total = scratch_bytes + other_bytes;
  for (const auto& [hex, blob] : blobs) total += blob.bytes;
  for (const auto& layer : layers) total += layer.directory_bytes + layer.tree_bytes;
  for (const auto& mount : mounts) total += mount.bytes;
  for (const auto& stamp : stamps) total += stamp.bytes;
  for (const auto& stray : strays) total += stray.bytes;
  return total;
}

std::vector<std::string> Inventory::reachable(const std::vector<std::string>& digests) const {
  std::set<std::string> found;
  std::vector<std::string> open = digests;
  while (!open.empty()) {
    const std::string hex = std::move(open.back());
    open.pop_back();
    const auto blob = blobs.find(hex);
    if (blob == blobs.end() || !found.insert(hex).second) continue;
    open.insert(open.end(), blob->second.children.begin(), blob->second.children.end());
  }
  return {found.begin(), found.end()};
}

void measure_layers(Store::Impl& store) {
  std::vector<std::pair<int64_t, int64_t>> unmeasured;  // row, directory
  store.database.with([&](Connection& db) {
    unmeasured.clear();
    Query query = db.query(
        "SELECT id, directory FROM layers WHERE directory IS NOT NULL AND directory_bytes IS NULL");
    while (query.step()) unmeasured.emplace_back(query.integer(0), query.integer(1));
  });
  std::vector<uint64_t> bytes;
  for (const auto& [row, directory] : unmeasured) {
    Seen seen;
    bytes.push_back(disk_bytes(store.layout.layer(directory), seen));
  }
  if (unmeasured.empty()) return;
  store.database.change([&](Connection& db) {
    for (size_t i = 0; i < unmeasured.size(); ++i)
      db.run("UPDATE layers SET directory_bytes=? WHERE id=? AND directory=?", bytes[i],
             unmeasured[i].first, unmeasured[i].second);
  });
}

Inventory take_inventory(Store::Impl& store) { return Taker(store).take(); }

}  // namespace slipway::store

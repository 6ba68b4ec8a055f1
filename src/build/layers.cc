#include "build/layers.h"

#include <fcntl.h>
#include <malloc.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/parallel.h"
#include "layer/diff.h"
#include "layer/unpack.h"
#include "os/fd.h"
#include "oci/media_types.h"
#include "os/fs.h"

namespace slipway::build {
namespace {

/// The tree as the store keeps it: where files lie on this disk today is nobody's business tomorrow.
tree::Tree unlocated(const tree::Tree& tree) {
  std::vector<tree::Entry> entries = tree.entries();
  for (auto& entry : entries) entry.content.disk_path.clear();
  return tree::Tree(std::move(entries));
}

/// Small files whose text decides owners: kept in listings so that no base need be unpacked for a --chown=name.
bool is_user_database(const std::string& path) { return path == "etc/passwd" || path == "etc/group"; }

const std::string& placed(const LayerRef& layer) { return layer.base ? layer.base->placed_id : layer.id; }

}  // namespace

Stack base_stack(const std::string& origin, const std::vector<oci::Descriptor>& layers,
                 const std::vector<oci::Digest>& diff_ids) {
  Stack stack;
  std::string chain;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string layer_id = "diff:" + diff_ids[i].hex();
    chain = oci::Digest::of(chain + " " + diff_ids[i].hex()).hex();
    stack.push_back({.id = layer_id,
                     .base = std::make_shared<const BaseLayer>(
                         BaseLayer{.origin = origin,
                                   .blob = layers[i],
                                   .diff_id = diff_ids[i],
                                   .under = i > 0 ? std::optional(stack.back()) : std::nullopt,
                                   .placed_id = layer_id + "@" + chain})});
  }
  return stack;
}

std::string LayerForm::name() const {
  std::string out = compression == oci::Compression::None ? "none" : compression == oci::Compression::Gzip ? "gzip" : "zstd";
  if (level) out += fmt::format(":{}", *level);
  if (clamp_ns) out += fmt::format("@{}", clamp_ns / 1'000'000'000);
  return out;
}

std::mutex& Layers::mutex_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  auto& slot = layer_mutexes_[id];
  if (!slot) slot = std::make_unique<std::mutex>();
  return *slot;
}

// A blob mostly stands alone: the store knows what it makes by the blob's own id. If it leans on the layers below, by a
// name that says which those are.
std::optional<std::string> Layers::known_listing(const LayerRef& layer) {
  if (auto bytes = store_.layer_tree(layer.id)) return bytes;
  return layer.base ? store_.layer_tree(layer.base->placed_id) : std::nullopt;
}

std::optional<std::string> Layers::known_directory(const LayerRef& layer) {
  if (auto dir = store_.layer_dir(layer.id)) return dir;
  return layer.base ? store_.layer_dir(layer.base->placed_id) : std::nullopt;
}

// Built when somebody asks, which few layers do.
std::function<const tree::View&(bool)> Layers::view_below(const LayerRef& layer, const Progress& progress) {
  // Layers that we wrote have entries for the directories that they need, and lean on nothing.
  if (!layer.base) return {};
  auto views = std::make_shared<std::array<std::optional<tree::View>, 2>>();
  return [this, &layer, &progress, views](bool with_content) -> const tree::View& {
    auto& view = (*views)[with_content];
    if (!view) {
      Stack stack;
      for (const auto* under = &layer.base->under; *under; under = &(*under)->base->under) stack.push_back(**under);
      std::ranges::reverse(stack);
      view = with_content ? view_files(stack, progress) : this->view(stack, progress);
    }
    return *view;
  };
}

std::shared_ptr<const tree::Tree> Layers::listing(const LayerRef& layer, const Progress& progress) {
  if (layer.tree) return layer.tree;
  const std::string place = placed(layer);
  const std::lock_guard one_at_a_time(mutex_of("listing " + place));
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = listings_.find(place); it != listings_.end()) return it->second;
  }
  tree::Tree tree;
  if (const auto bytes = known_listing(layer)) {
    tree = tree::deserialize(*bytes, "the store's listing of " + layer.id);
  } else {
    const store::LayerBlob blob = fetch(layer, progress);
    const os::UniqueFd fd = os::open_file(store_.blob_path(blob.digest), O_RDONLY);
    layer::UnpackOptions options;
    options.stop = stop_;
    options.below = view_below(layer, progress);
    verify::Collector collector;
    if (facts_.is_enabled()) options.watcher = &collector;
    layer::Unpacked listed = layer::list(fd.get(), options, is_user_database);
    if (listed.diff_id != blob.diff_id)
      throw Error(fmt::format("layer {} holds {} where the image config says {}", blob.digest.str(), listed.diff_id.str(),
                              blob.diff_id.str()));
    tree = std::move(listed.tree);
    const std::string& id = listed.asked_below ? place : layer.id;
    store_.put_layer_tree(id, tree::serialize(tree));
    if (facts_.is_enabled()) facts_.put(id, collector, tree);
  }
  auto shared = std::make_shared<const tree::Tree>(std::move(tree));
  const std::lock_guard lock(mutex_);
  return listings_[place] = std::move(shared);
}

std::shared_ptr<const tree::Tree> Layers::files(const LayerRef& layer, const Progress& progress) {
  if (layer.tree) return layer.tree;
  const std::string dir = unpack(layer, progress);
  const auto listed = listing(layer, progress);
  const std::string place = placed(layer);
  const std::lock_guard one_at_a_time(mutex_of("files " + place));
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = files_.find(place); it != files_.end()) return it->second;
  }
  auto shared = std::make_shared<const tree::Tree>(located(*listed, dir));
  const std::lock_guard lock(mutex_);
  return files_[place] = std::move(shared);
}

std::optional<std::string> Layers::directory(const LayerRef& layer, const Progress& progress) {
  {
    // A chain of RUNs asks for every layer below it, each time.
    const std::lock_guard lock(mutex_);
    if (const auto it = directories_.find(placed(layer)); it != directories_.end()) return it->second;
  }
  // A layer without entries adds nothing to a mount, and mounts get slower with every lower.
  std::optional<std::string> dir;
  if (layer.base || !listing(layer, progress)->empty()) dir = unpack(layer, progress);
  const std::lock_guard lock(mutex_);
  return directories_[placed(layer)] = std::move(dir);
}

std::vector<std::string> Layers::directories(const Stack& stack, const Progress& progress) {
  std::vector<const LayerRef*> missing;
  for (const auto& layer : stack) {
    if (!layer.base) continue;
    {
      const std::lock_guard lock(mutex_);
      if (directories_.contains(placed(layer))) continue;
    }
    if (!known_directory(layer)) missing.push_back(&layer);
  }
  // A layer that leans on those below it waits for them and they never for it.
  if (missing.size() > 1)
    in_parallel(missing.size(), 4, [&](size_t i) { directory(*missing[i], progress); });
  std::vector<std::string> out;
  for (const auto& layer : stack)
    if (auto dir = directory(layer, progress)) out.push_back(std::move(*dir));
  return out;
}

// The directory of a layer: found, materialised from a tree, or unpacked from a blob.
std::string Layers::unpack(const LayerRef& layer, const Progress& progress) {
  const std::string place = placed(layer);
  const std::lock_guard one_at_a_time(mutex_of("directory " + place));
  if (const auto dir = known_directory(layer)) return *dir;
  const store::Lock lock = store_.lock_key("unpack " + place, stop_);
  if (const auto dir = known_directory(layer)) return *dir;
  if (layer.tree) {
    const std::string dir = store_.new_dir();
    layer::materialize(*layer.tree, dir, single_id_);
    // A later build finds the directory without the tree: the listing has to be there as well.
    store_.put_layer_tree(layer.id, tree::serialize(unlocated(*layer.tree)));
    return store_.publish_dir(layer.id, dir);
  }
  const store::LayerBlob blob = fetch(layer, progress);
  const std::string dir = store_.new_dir();
  const os::UniqueFd fd = os::open_file(store_.blob_path(blob.digest), O_RDONLY);
  layer::UnpackOptions options;
  options.tolerate_chown_failure = single_id_;
  options.stop = stop_;
  options.below = view_below(layer, progress);
  if (progress)
    options.progress = [&](uint64_t done) { progress("extracting " + blob.digest.str(), done, blob.size); };
  verify::Collector collector;
  if (facts_.is_enabled()) options.watcher = &collector;
  layer::Unpacked unpacked = layer::unpack(fd.get(), dir, options);
  if (unpacked.diff_id != blob.diff_id)
    throw Error(fmt::format("layer {} holds {} where the image config says {}", blob.digest.str(), unpacked.diff_id.str(),
                            blob.diff_id.str()),
                {}, "the image is damaged; pull it again or tell its publisher");
  const std::string& id = unpacked.asked_below ? place : layer.id;
  if (facts_.is_enabled()) facts_.put(id, collector, unpacked.tree);
  if (!store_.layer_tree(id)) {
    // Disk paths belong to this directory; the listing outlives it. Users' names are kept for later look-ups.
    std::vector<tree::Entry> entries = std::move(unpacked.tree).take();
    for (auto& entry : entries) {
      if (entry.type == tree::Type::File && is_user_database(entry.path))
        entry.content.bytes = os::read_file(entry.content.disk_path);
      entry.content.disk_path.clear();
    }
    store_.put_layer_tree(id, tree::serialize(tree::Tree(std::move(entries))));
  }
  // Many small pieces, of which the library would keep the pages until the end of the build.
  unpacked = {};
  ::malloc_trim(0);
  return store_.publish_dir(id, dir);
}

// A blob of the layer in any form, fetched from where the base image came from if need be.
store::LayerBlob Layers::fetch(const LayerRef& layer, const Progress& progress) {
  for (const auto& blob : store_.layer_blobs(layer.id))
    if (store_.has_blob(blob.digest)) return blob;
  if (const auto blob = layer.base ? std::nullopt : imported(layer)) {
    imports_->fetch(layer.id, *blob, [&](uint64_t done, uint64_t total) {
      if (progress) progress(blob->digest.str(), done, total);
    });
    store_.put_layer_blob(layer.id, *blob);
    return *blob;
  }
  if (!layer.base)
    throw Error(fmt::format("the store has lost layer {}", layer.id), {}, "run the build with --no-cache, or `slipway prune`");
  const oci::Descriptor& descriptor = layer.base->blob;
  images_.fetch_blob(
      layer.base->origin, descriptor,
      [&](uint64_t done, uint64_t total) {
        if (progress) progress(descriptor.digest.str(), done, total);
      },
      stop_);
  store::LayerBlob blob{.form = "base",
                        .digest = descriptor.digest,
                        .diff_id = layer.base->diff_id,
                        .size = descriptor.size,
                        .media_type = descriptor.media_type};
  store_.put_layer_blob(layer.id, blob);
  return blob;
}

layer::WriteOptions Layers::write_options(const LayerRef& layer, int64_t clamp_ns) const {
  layer::WriteOptions out;
  out.stop = stop_;
  out.flatten_times = layer.flatten_times;
  out.clamp_ns = clamp_ns ? clamp_ns : layer.flatten_times ? tree::kNeutralTime * 1'000'000'000 : INT64_MAX;
  return out;
}

store::LayerBlob Layers::blob(const LayerRef& layer, const LayerForm& form, const Progress& progress) {
  const std::lock_guard one_at_a_time(mutex_of("blob " + layer.id));
  if (layer.base && !form.force) return fetch(layer, progress);
  const auto existing = [&]() -> std::optional<store::LayerBlob> {
    for (const auto& blob : store_.layer_blobs(layer.id))
      if (blob.form == form.name() && store_.has_blob(blob.digest)) return blob;
    return std::nullopt;
  };
  if (auto blob = existing()) return *blob;
  if (const auto other = layer.base || is_here(layer) ? std::nullopt : imported(layer); other && other->form == form.name())
    return fetch(layer, progress);
  const store::Lock lock = store_.lock_key("blob " + layer.id, stop_);
  if (auto blob = existing()) return *blob;

  layer::WriteOptions options = write_options(layer, form.clamp_ns);
  options.compression = form.compression;
  options.level = form.level;
  const auto writer = store_.new_blob();
  const auto sink = [&](std::span<const uint8_t> bytes) { writer->write(bytes); };
  layer::Written written;
  if (layer.base) {
    const store::LayerBlob base = fetch(layer, progress);
    const os::UniqueFd fd = os::open_file(store_.blob_path(base.digest), O_RDONLY);
    written = layer::recompress(fd.get(), options, sink);
  } else {
    const auto tree = files(layer, progress);
    uint64_t total = 0;
    for (const auto& entry : tree->entries()) total += entry.size;
    if (progress) options.progress = [&, total](uint64_t done) { progress(layer.id.substr(0, 19), done, total); };
    verify::Collector collector;
    if (facts_.is_enabled()) options.watcher = &collector;
    written = layer::write_layer(*tree, options, sink);
    if (facts_.is_enabled()) facts_.put(layer.id, collector, *tree);
  }
  writer->commit(written.digest);
  store::LayerBlob blob{.form = form.name(),
                        .digest = written.digest,
                        .diff_id = written.diff_id,
                        .size = written.size,
                        .media_type = std::string(oci::layer_media_type(form.compression))};
  store_.put_layer_blob(layer.id, blob);
  return blob;
}

std::shared_ptr<const verify::Facts> Layers::facts(const LayerRef& layer, const Progress& progress) {
  const std::string place = placed(layer);
  const std::lock_guard one_at_a_time(mutex_of("facts " + place));
  for (const auto& id : {layer.id, place})
    if (auto found = facts_.find(id)) return found;
  if (!layer.base || known_directory(layer)) {
    const auto tree = files(layer, progress);
    return facts_.put(place, verify::collect(*tree, stop_), tree->entries().size() > LayerFacts::kManyFiles);
  }
  // Listed before facts were collected, and not unpacked: the blob is read once more, and never again.
  const store::LayerBlob blob = fetch(layer, progress);
  const os::UniqueFd fd = os::open_file(store_.blob_path(blob.digest), O_RDONLY);
  verify::Collector collector;
  layer::UnpackOptions options;
  options.stop = stop_;
  options.below = view_below(layer, progress);
  options.watcher = &collector;
  const layer::Unpacked listed = layer::list(fd.get(), options, {});
  return facts_.put(listed.asked_below ? place : layer.id, collector.finish(listed.tree), true);
}

bool Layers::is_available(const LayerRef& layer) { return layer.base || is_here(layer) || imported(layer); }

void Layers::will_run_on(const Stack& base) {
  const std::lock_guard lock(mutex_);
  for (const auto& layer : base)
    if (layer.base) run_on_.insert(placed(layer));
}

void Layers::unpack_what_steps_run_on(const Stack& stack, const Progress& progress) {
  Stack unread;
  for (const auto& layer : stack) {
    if (!layer.base) continue;
    {
      const std::lock_guard lock(mutex_);
      if (!run_on_.contains(placed(layer)) || listings_.contains(placed(layer))) continue;
    }
    if (!known_listing(layer)) unread.push_back(layer);
  }
  if (!unread.empty()) directories(unread, progress);
}

tree::View Layers::view(const Stack& stack, const Progress& progress) {
  unpack_what_steps_run_on(stack, progress);
  std::vector<std::shared_ptr<const tree::Tree>> trees;
  for (const auto& layer : stack) trees.push_back(listing(layer, progress));
  return tree::View(std::move(trees));
}

tree::View Layers::view_files(const Stack& stack, const Progress& progress) {
  std::vector<std::shared_ptr<const tree::Tree>> trees;
  for (const auto& layer : stack) trees.push_back(files(layer, progress));
  return tree::View(std::move(trees));
}

tree::Tree located(const tree::Tree& layer_tree, const std::string& dir) {
  std::vector<tree::Entry> entries = layer_tree.entries();
  for (auto& entry : entries)
    if (entry.type == tree::Type::File && entry.size > 0) {
      entry.content.bytes.clear();
      entry.content.disk_path = dir + "/" + entry.path;
    }
  return tree::Tree(std::move(entries));
}

}  // namespace slipway::build

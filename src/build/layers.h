// The layers of a build on their way between forms: listing, unpacked directory, blob. Each form is made at most once, when
// somebody asks for it, and kept in the store (design: trees before bytes).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "build/layer_facts.h"
#include "layer/write.h"
#include "oci/documents.h"
#include "remote_cache/imports.h"
#include "source/image.h"
#include "store/store.h"
#include "tree/tree.h"
#include "tree/copy.h"
#include "tree/view.h"

namespace slipway::build {

struct BaseLayer;

/// One layer, whatever form it is in. The id says what it holds (see store::LayerBlob).
struct LayerRef {
  std::string id;
  // Layers of COPY and friends that live in this process: the files are where they always were.
  std::shared_ptr<const tree::Tree> tree = nullptr;
  bool flatten_times = false;  // times of context files are nobody's business: they do not reach the blob
  std::shared_ptr<const BaseLayer> base = nullptr;  // layers of a base image
};

/// Where the blob of a base image's layer comes from, and what is under it there.
struct BaseLayer {
  std::string origin;
  oci::Descriptor blob;
  oci::Digest diff_id;
  std::optional<LayerRef> under;
  // The id of what the blob makes of just those layers, should it lean on them (layer::UnpackOptions::below).
  std::string placed_id;
};

using Stack = std::vector<LayerRef>;  // bottom first

/// The layers of an image that `origin` has, bottom first.
Stack base_stack(const std::string& origin, const std::vector<oci::Descriptor>& layers,
                 const std::vector<oci::Digest>& diff_ids);

/// How layers are turned into blobs.
struct LayerForm {
  oci::Compression compression = oci::Compression::Gzip;
  std::optional<int> level;
  bool force = false;  // recompress base layers too
  int64_t clamp_ns = 0;
  std::string name() const;  // for the store: "gzip", "zstd:19" ...
};

class Layers {
 public:
  /// `imports`: the caches of --cache-from, if there are any.
  Layers(store::Store& store, source::Images& images, bool single_id, std::stop_token stop,
         remote_cache::Imports* imports = nullptr)
      : store_(store), images_(images), single_id_(single_id), stop_(std::move(stop)), imports_(imports), facts_(store) {}

  using Progress = std::function<void(const std::string& what, uint64_t done, uint64_t total)>;

  /// What the layer holds; files may lack content. Fetches and lists a base layer's blob at most once ever.
  std::shared_ptr<const tree::Tree> listing(const LayerRef& layer, const Progress& progress);
  /// The same with every file's bytes within reach: unpacks a base layer.
  std::shared_ptr<const tree::Tree> files(const LayerRef& layer, const Progress& progress);
  /// An overlayfs lower with the layer's content; nullopt when the layer is empty.
  std::optional<std::string> directory(const LayerRef& layer, const Progress& progress);
  /// The same for all layers of a stack, without the empty ones: what has to be fetched and unpacked first is so side by
  /// side.
  std::vector<std::string> directories(const Stack& stack, const Progress& progress);
  /// The blob in `form`, made if it is not there. Base layers keep their own form unless `form.force`.
  store::LayerBlob blob(const LayerRef& layer, const LayerForm& form, const Progress& progress);
  /// The same, but what a registry or a cache has in that form is only named: who needs the bytes calls bring().
  store::LayerBlob promised_blob(const LayerRef& layer, const LayerForm& form, const Progress& progress);
  /// A blob of the layer for a travelling cache: any that is there or promised, whatever its form, unless `is_exact`.
  store::LayerBlob any_blob(const LayerRef& layer, const LayerForm& form, bool is_exact, const Progress& progress);
  /// Fetches what promised_blob() or any_blob() has promised, unless it is there by now.
  void bring(const oci::Digest& blob, const Progress& progress);
  /// Tells what a RUN step gave this time from what it may give another time, over all layers of a stack; empty if there
  /// is no such layer. Layers on top of each other belong together only as long as this stays the same.
  std::string foundation(const Stack& stack);
  /// The machine code in the layer: what was collected when its bytes passed by, else from a pass over its files.
  std::shared_ptr<const verify::Facts> facts(const LayerRef& layer, const Progress& progress);
  /// From now on facts are collected whenever a layer's bytes pass by.
  void collect_facts() { facts_.enable(); }
  /// Whether the layer can be had without running its step: it is in memory, in the store, or fetchable.
  bool is_available(const LayerRef& layer);
  /// Whether it is in memory or in the store.
  bool is_here(const LayerRef& layer);

  /// A step will run on `base`: who asks for the listing of one of its layers before that gets it from unpacking all of them,
  /// so that their blobs are read once.
  void will_run_on(const Stack& base);

  tree::View view(const Stack& stack, const Progress& progress);        // for look-ups
  tree::View view_files(const Stack& stack, const Progress& progress);  // for reading

 private:
  std::mutex& mutex_of(const std::string& id);
  std::optional<std::string> known_listing(const LayerRef& layer);
  std::optional<std::string> known_directory(const LayerRef& layer);
  std::function<const tree::View&(bool)> view_below(const LayerRef& layer, const Progress& progress);
  std::string unpack(const LayerRef& layer, const Progress& progress);
  void unpack_what_steps_run_on(const Stack& stack, const Progress& progress);
  store::LayerBlob fetch(const LayerRef& layer, const Progress& progress);
  layer::WriteOptions write_options(const LayerRef& layer, int64_t clamp_ns) const;
  std::optional<store::LayerBlob> imported(const LayerRef& layer);
  std::string identity(const LayerRef& layer);

  store::Store& store_;
  source::Images& images_;
  bool single_id_;
  std::stop_token stop_;
  remote_cache::Imports* imports_;
  LayerFacts facts_;
  std::mutex mutex_;  // guards the maps
  std::map<std::string, std::unique_ptr<std::mutex>> layer_mutexes_;
  std::map<std::string, std::shared_ptr<const tree::Tree>> listings_, files_;
  std::map<std::string, std::optional<std::string>> directories_;  // nullopt: the layer is empty
  std::set<std::string> run_on_;  // base layers that a step will run on
  std::map<std::string, std::string> identities_;                 // of layers whose blob nobody has made
  std::map<oci::Digest, LayerRef> promised_;
};

/// `layer_tree` with the disk path of each file below `dir`.
tree::Tree located(const tree::Tree& layer_tree, const std::string& dir);

}  // namespace slipway::build

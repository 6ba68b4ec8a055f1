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
  Layers(store::Store& store, source::Images& images, bool single_id, std::stop_token stop)
      : store_(store), images_(images), single_id_(single_id), stop_(std::move(stop)), facts_(store) {}

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
  /// The machine code in the layer: what was collected when its bytes passed by, else from a pass over its files.
  std::shared_ptr<const verify::Facts> facts(const LayerRef& layer, const Progress& progress);
  /// From now on facts are collected whenever a layer's bytes pass by.
  void collect_facts() { facts_.enable(); }
  /// Whether the layer can be had without running its step: it is in memory, in the store, or fetchable.
  bool is_available(const LayerRef& layer);

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

  store::Store& store_;
  source::Images& images_;
  bool single_id_;
  std::stop_token stop_;
  LayerFacts facts_;
  std::mutex mutex_;  // guards the maps
  std::map<std::string, std::unique_ptr<std::mutex>> layer_mutexes_;
  std::map<std::string, std::shared_ptr<const tree::Tree>> listings_, files_;
  std::map<std::string, std::optional<std::string>> directories_;  // nullopt: the layer is empty
  std::set<std::string> run_on_;  // base layers that a step will run on
};

/// `layer_tree` with the disk path of each file below `dir`.
tree::Tree located(const tree::Tree& layer_tree, const std::string& dir);

}  // namespace slipway::build

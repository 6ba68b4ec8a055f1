// The part of Layers that knows of places other than the store: layers that a travelling cache or a registry has are
// named at first, and fetched when somebody needs their bytes. What is in the store always counts more: a RUN may have
// given something else here than there.
#include <algorithm>

#include "base/error.h"
#include "build/layers.h"
#include "hash/sha256.h"

namespace slipway::build {
namespace {

/// A blob whose times were set for one image (SOURCE_DATE_EPOCH) is not what the layer is for another.
bool has_own_times(const store::LayerBlob& blob) { return !blob.form.contains('@'); }

bool comes_from_a_run(const LayerRef& layer) { return layer.id.starts_with("run:"); }

}  // namespace

bool Layers::is_here(const LayerRef& layer) {
  if (layer.tree || store_.layer_dir(layer.id)) return true;
  const auto blobs = store_.layer_blobs(layer.id);
  return std::ranges::any_of(blobs, [&](const auto& blob) { return store_.has_blob(blob.digest); });
}

std::optional<store::LayerBlob> Layers::imported(const LayerRef& layer) {
  return imports_ ? imports_->layer(layer.id) : std::nullopt;
}

store::LayerBlob Layers::promised_blob(const LayerRef& layer, const LayerForm& form, const Progress& progress) {
  std::optional<store::LayerBlob> promise;
  if (layer.base && !form.force) {
    for (const auto& blob : store_.layer_blobs(layer.id))
      if (store_.has_blob(blob.digest)) return blob;
    const oci::Descriptor& there = layer.base->blob;
    promise = store::LayerBlob{.form = "base",
                               .digest = there.digest,
                               .diff_id = layer.base->diff_id,
                               .size = there.size,
                               .media_type = there.media_type};
  } else if (!layer.base && !is_here(layer)) {
    promise = imported(layer);
    if (promise && promise->form != form.name()) promise.reset();
  }
  if (!promise) return blob(layer, form, progress);
  const std::lock_guard lock(mutex_);
  promised_.emplace(promise->digest, layer);
  return *promise;
}

store::LayerBlob Layers::any_blob(const LayerRef& layer, const LayerForm& form, bool is_exact, const Progress& progress) {
  if (is_exact) return blob(layer, form, progress);
  for (const auto& blob : store_.layer_blobs(layer.id))
    if (has_own_times(blob) && store_.has_blob(blob.digest)) return blob;
  if (const auto promise = is_here(layer) ? std::nullopt : imported(layer)) {
    const std::lock_guard lock(mutex_);
    promised_.emplace(promise->digest, layer);
    return *promise;
  }
  return blob(layer, form, progress);
}

void Layers::bring(const oci::Digest& blob, const Progress& progress) {
  if (store_.has_blob(blob)) return;
  std::optional<LayerRef> layer;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = promised_.find(blob); it != promised_.end()) layer = it->second;
  }
  if (layer) fetch(*layer, progress);
}

std::string Layers::identity(const LayerRef& layer) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = identities_.find(layer.id); it != identities_.end()) return it->second;
  }
  const auto blobs = store_.layer_blobs(layer.id);
  for (const auto& blob : blobs)
    if (has_own_times(blob) && store_.has_blob(blob.digest)) return blob.diff_id.hex();
  if (!is_here(layer))
    if (const auto blob = imported(layer)) return blob->diff_id.hex();
  const auto tree = files(layer, {});
  layer::WriteOptions options = write_options(layer, 0);
  options.compression = oci::Compression::None;
  const layer::Written written = layer::write_layer(*tree, options, [](std::span<const uint8_t>) {});
  const std::lock_guard lock(mutex_);
  return identities_[layer.id] = written.diff_id.hex();
}

std::string Layers::foundation(const Stack& stack) {
  std::string text;
  for (const auto& layer : stack)
    if (comes_from_a_run(layer)) text += layer.id + " " + identity(layer) + "\n";
  return text.empty() ? "" : hash::sha256_hex(text);
}

}  // namespace slipway::build

#include "build/assemble.h"

#include <fmt/core.h>

#include <map>
#include <mutex>

#include "attest/purl.h"
#include "base/error.h"
#include "base/parallel.h"
#include "image/config.h"
#include "json/json.h"
#include "oci/media_types.h"

namespace slipway::build {
namespace {

/// Blobs of all layers of all targets, several at a time: most are fetched or already there, the
/// large ones use all cores by themselves.
std::map<std::string, store::LayerBlob> make_blobs(const std::vector<const Stack*>& stacks,
                                                   Layers& layers, const LayerForm& form,
                                                   const Layers::Progress& progress) {
  std::map<std::string, store::LayerBlob> blobs;
  std::vector<const LayerRef*> todo;
  for (const Stack* stack : stacks)
    for (const auto& layer : *stack)
      if (blobs.emplace(layer.id, store::LayerBlob{}).second) todo.push_back(&layer);
  std::mutex mutex;
  in_parallel(todo.size(), 4, [&](size_t i) {
    store::LayerBlob blob = layers.promised_blob(*todo[i], form, progress);
    const std::lock_guard lock(mutex);
    blobs[todo[i]->id] = std::move(blob);
  });
  return blobs;
}

/// Times that this build wrote: history comes in the order of the layers, the base's first, so ours
/// are at the end.
void replace_created(image::Config& config, const AssembleOptions& options, size_t own_layers) {
  if (options.created_before == options.created || options.created.empty()) return;
  if (config.created == options.created_before) config.created = options.created;
  size_t layers = 0;
  for (auto it = config.history.rbegin();
       it != config.history.rend() && it->created == options.created_before; ++it) {
    if (!it->empty_layer && ++layers > own_layers) return;
    it->created = options.created;
  }
}

std::string media_type(const LayerRef& layer, const store::LayerBlob& blob,
                       const AssembleOptions& options) {
  const bool is_kept =
      options.keep_nondistributable && layer.base && blob.digest == layer.base->blob.digest &&
      (blob.media_type.contains("nondistributable") || blob.media_type.contains(".foreign."));
  if (is_kept) return blob.media_type;
  return std::string(
      oci::layer_media_type(oci::compression_of(blob.media_type), options.docker_types));
}

/// An object's JSON with further members behind its own.
std::string extended(std::string document, const std::map<std::string, std::string>& members) {
  CHECK(document.ends_with('}'));
  document.pop_back();
  for (const auto& [key, text] : members) document += fmt::format(",{}:{}", json::dump(key), json::dump(text));
  return document + "}";
}

oci::Descriptor stored(store::Store& store, std::string_view media_type, const std::string& bytes) {
  oci::Descriptor out;
  out.media_type = media_type;
  out.digest = store.put_blob(bytes);
  out.size = bytes.size();
  return out;
}

/// The image's names with its digest, as statements name it; an image without names is the one that
/// is meant.
std::vector<attest::Subject> subjects_of(const AssembleOptions& options,
                                         const PlatformImage& image) {
  std::vector<attest::Subject> out;
  for (const auto& name : options.subject_names)
    out.push_back({attest::image_url("docker", name, image.platform), image.manifest.digest});
  if (out.empty()) out.push_back({"_", image.manifest.digest});
  return out;
}

}  // namespace

Assembled assemble(const graph::Graph& graph, const StepRunner& steps, Layers& layers,
                   store::Store& store, const AssembleOptions& options, seams::Observer& observer,
                   seams::StepId step) {
  std::vector<const Stack*> stacks;
  for (const auto& target : graph.targets) stacks.push_back(&steps.result(target.files).stack);
  const auto blobs = make_blobs(stacks, layers, options.form,
                                [&](const std::string& what, uint64_t done, uint64_t total) {
                                  observer.on_progress(step, what, done, total);
                                });

  Assembled out;
  oci::Index index;
  index.media_type = options.docker_types ? oci::kDockerIndex : oci::kIndex;
  index.annotations = options.annotations.index;
  std::vector<oci::Descriptor> attestations;
  for (size_t i = 0; i < graph.targets.size(); ++i) {
    const graph::Target& target = graph.targets[i];
    const ImageAnnotations& notes = options.annotations.images.at(i);
    image::Config config = target.config;
    replace_created(config, options, target.layers.size());
    oci::Manifest manifest;
    manifest.media_type = options.docker_types ? oci::kDockerManifest : oci::kManifest;
    manifest.annotations = notes.manifest;
    config.diff_ids.clear();
    for (const auto& layer : *stacks[i]) {
      const store::LayerBlob& blob = blobs.at(layer.id);
      config.diff_ids.push_back(blob.diff_id);
      oci::Descriptor descriptor;
      descriptor.media_type = media_type(layer, blob, options);
      descriptor.digest = blob.digest;
      descriptor.size = blob.size;
      manifest.layers.push_back(std::move(descriptor));
    }
    std::string document = image::print(config);
    if (options.extend) document = extended(std::move(document), options.extend(i, blobs));
    manifest.config = stored(store, options.docker_types ? oci::kDockerConfig : oci::kConfig, document);
    PlatformImage image;
    image.platform = target.platform;
    image.config = manifest.config.digest;
    image.layers = manifest.layers;
    image.manifest = stored(store, manifest.media_type, oci::print(manifest));
    image.manifest.platform = config.platform;
    image.manifest.annotations = notes.descriptor;
    index.manifests.push_back(image.manifest);
    if (options.attest)
      if (const auto said = options.attest(i, image.manifest, image.layers); !said.empty())
        attestations.push_back(attest::attach(
            said, subjects_of(options, image), image.manifest, options.attest_as_artifact,
            [&](std::string_view bytes) { return store.put_blob(bytes); }));
    out.images.push_back(std::move(image));
  }
  index.manifests.insert(index.manifests.end(), attestations.begin(), attestations.end());
  if (index.manifests.size() == 1 && !options.always_index) {
    out.top = out.images.front().manifest;
    return out;
  }
  out.top = stored(store, index.media_type, oci::print(index));
  out.top.annotations = options.annotations.index_descriptor;
  return out;
}

}  // namespace slipway::build

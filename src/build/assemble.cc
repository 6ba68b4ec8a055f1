#include "build/assemble.h"

#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/core.h>

#include "base/error.h"
#include "image/config.h"
#include "oci/media_types.h"

namespace slipway::build {
namespace {

/// Blobs of all layers of all targets, several at a time: most are fetched or already there, the large ones use all cores
/// by themselves.
std::map<std::string, store::LayerBlob> make_blobs(const std::vector<const Stack*>& stacks, Layers& layers,
                                                   const LayerForm& form, const Layers::Progress& progress) {
  std::map<std::string, store::LayerBlob> blobs;
  std::vector<const LayerRef*> todo;
  for (const Stack* stack : stacks)
    for (const auto& layer : *stack)
      if (blobs.emplace(layer.id, store::LayerBlob{}).second) todo.push_back(&layer);
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (size_t i; (i = next++) < todo.size();) {
        store::LayerBlob blob = layers.blob(*todo[i], form, progress);
        const std::lock_guard lock(mutex);
        blobs[todo[i]->id] = std::move(blob);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      next = todo.size();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min<size_t>(4, todo.size()); ++i) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return blobs;
}

}  // namespace

Assembled assemble(const graph::Graph& graph, const StepRunner& steps, Layers& layers, store::Store& store,
                   const AssembleOptions& options, seams::Observer& observer, seams::StepId step) {
  std::vector<const Stack*> stacks;
  for (const auto& target : graph.targets) stacks.push_back(&steps.result(target.files).stack);
  const auto blobs =
      make_blobs(stacks, layers, options.form, [&](const std::string& what, uint64_t done, uint64_t total) {
        observer.on_progress(step, what, done, total);
      });

  Assembled out;
  oci::Index index;
  index.media_type = options.docker_types ? oci::kDockerIndex : oci::kIndex;
  for (size_t i = 0; i < graph.targets.size(); ++i) {
    const graph::Target& target = graph.targets[i];
    const ImageAnnotations notes = i < options.annotations.size() ? options.annotations[i] : ImageAnnotations{};
    image::Config config = target.config;
    oci::Manifest manifest;
    manifest.media_type = options.docker_types ? oci::kDockerManifest : oci::kManifest;
    manifest.annotations = notes.manifest;
    config.diff_ids.clear();
    for (const auto& layer : *stacks[i]) {
      const store::LayerBlob& blob = blobs.at(layer.id);
      config.diff_ids.push_back(blob.diff_id);
      const auto compression = oci::compression_of(blob.media_type);
      manifest.layers.push_back({.media_type = std::string(oci::layer_media_type(compression, options.docker_types)),
                                 .digest = blob.digest,
                                 .size = blob.size,
                                 .platform = {},
                                 .artifact_type = {},
                                 .annotations = {}});
    }
    const std::string config_bytes = image::print(config);
    manifest.config = {.media_type = std::string(options.docker_types ? oci::kDockerConfig : oci::kConfig),
                       .digest = store.put_blob(config_bytes),
                       .size = config_bytes.size(),
                       .platform = {},
                       .artifact_type = {},
                       .annotations = {}};
    const std::string manifest_bytes = oci::print(manifest);
    PlatformImage image;
    image.platform = target.platform;
    image.config = manifest.config.digest;
    image.manifest = {.media_type = manifest.media_type,
                      .digest = store.put_blob(manifest_bytes),
                      .size = manifest_bytes.size(),
                      .platform = config.platform,
                      .artifact_type = {},
                      .annotations = notes.manifest_descriptor};
    index.manifests.push_back(image.manifest);
    for (const auto& [key, value] : notes.index) index.annotations[key] = value;
    out.images.push_back(std::move(image));
  }
  if (out.images.size() == 1 && !options.always_index) {
    out.top = out.images.front().manifest;
    return out;
  }
  const std::string bytes = oci::print(index);
  out.top = {.media_type = index.media_type,
             .digest = store.put_blob(bytes),
             .size = bytes.size(),
             .platform = {},
             .artifact_type = {},
             .annotations = {}};
  return out;
}

}  // namespace slipway::build

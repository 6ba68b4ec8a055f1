#include "remote_cache/imports.h"

#include <fmt/core.h>

#include "base/error.h"
#include "remote_cache/blob_check.h"

namespace slipway::remote_cache {

bool names_mount(const std::vector<std::string>& ids, const std::string& id) {
  for (const auto& each : ids)
    if (each == "all" || each == id || id.starts_with(each + "@linux/")) return true;
  return false;
}

Imports::Imports(store::Store& store, std::vector<Source> sources, Warn warn, std::stop_token stop)
    : store_(store), warn_(std::move(warn)), stop_(std::move(stop)), sources_(std::move(sources)) {
  for (const auto& source : sources_)
    pending_.push_back(std::async(
        std::launch::async, [this, backend = source.backend.get()]() -> std::optional<Ledger> {
          try {
            if (auto head = backend->read(stop_)) return std::move(head->ledger);
            warn_(fmt::format("{}: there is none yet", backend->name()));
          } catch (const Error& error) {
            warn_(fmt::format("{} is not used: {}", backend->name(), error.message()));
          } catch (const Cancelled&) {
          }
          return std::nullopt;
        }));
}

Imports::~Imports() = default;

const std::vector<Imports::Loaded>& Imports::loaded() {
  std::call_once(once_, [&] {
    for (size_t i = 0; i < sources_.size(); ++i)
      loaded_.push_back({.backend = sources_[i].backend.get(),
                         .mounts = sources_[i].mounts,
                         .ledger = pending_[i].get()});
  });
  return loaded_;
}

std::optional<Record> Imports::find(const std::string& key,
                                    const std::function<bool(const Record&)>& accept) {
  for (const auto& cache : loaded()) {
    if (!cache.ledger) continue;
    const auto it = cache.ledger->records.find(key);
    if (it != cache.ledger->records.end() && accept(it->second)) return it->second;
  }
  return std::nullopt;
}

std::optional<store::LayerBlob> Imports::layer(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (lost_.contains(id)) return std::nullopt;
  }
  for (const auto& cache : loaded()) {
    if (!cache.ledger) continue;
    const auto it = cache.ledger->layers.find(id);
    if (it != cache.ledger->layers.end()) return it->second.blob;
  }
  return std::nullopt;
}

void Imports::fetch(const std::string& id, const store::LayerBlob& blob, const Progress& progress) {
  const store::Lock lock = store_.lock_key("blob " + blob.digest.str(), stop_);
  if (store_.has_blob(blob.digest)) return;
  oci::Descriptor descriptor;
  descriptor.media_type = blob.media_type;
  descriptor.digest = blob.digest;
  descriptor.size = blob.size;
  for (const auto& cache : loaded()) {
    if (!cache.ledger) continue;
    const auto it = cache.ledger->layers.find(id);
    if (it == cache.ledger->layers.end() || it->second.blob.digest != blob.digest) continue;
    const auto writer = store_.new_blob();
    // A full disk here is the build's trouble, not the cache's.
    std::optional<Error> own;
    try {
      BlobCheck check(descriptor, cache.backend->name());
      cache.backend->get(
          descriptor,
          [&](std::span<const uint8_t> bytes) {
            check.take(bytes);
            try {
              writer->write(bytes);
            } catch (Error& error) {
              own = error;
              throw;
            }
            if (progress) progress(check.done(), blob.size);
          },
          stop_);
      check.finish();
    } catch (const Error& error) {
      if (own) throw *own;
      warn_(fmt::format("{}: a layer cannot be used, its step runs again: {}",
                        cache.backend->name(), error.message()));
      continue;
    }
    writer->commit(blob.digest);
    return;
  }
  const std::lock_guard guard(mutex_);
  lost_.insert(id);
  throw LayerLost();
}

std::optional<Imports::FoundMount> Imports::mount(const std::string& id) {
  for (const auto& cache : loaded()) {
    if (!cache.ledger || !names_mount(cache.mounts, id)) continue;
    const auto it = cache.ledger->mounts.find(id);
    if (it == cache.ledger->mounts.end()) continue;
    return FoundMount{.mount = &it->second, .backend = cache.backend};
  }
  return std::nullopt;
}

size_t Imports::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_.size();
}

void Imports::release() {
  loaded();
  for (const auto& source : sources_) source.backend->release();
}

}  // namespace slipway::remote_cache

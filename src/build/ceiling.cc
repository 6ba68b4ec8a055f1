#include "build/ceiling.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "oci/documents.h"
#include "oci/media_types.h"

namespace slipway::build {
namespace {

uint64_t total(const std::vector<store::Usage>& all) {
  uint64_t bytes = 0;
  for (const auto& usage : all) bytes += usage.bytes;
  return bytes;
}

/// Free bytes of the disk that has `path`; 0 if it cannot be asked.
uint64_t free_bytes(const std::string& path) {
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0) return 0;
  return static_cast<uint64_t>(disk.f_bfree) * disk.f_frsize;
}

/// Adds the blobs that an image consists of, by size. What the store has lost adds nothing.
void add_blobs(store::Store& store, const oci::Descriptor& top,
               std::map<oci::Digest, uint64_t>& out) {
  if (!store.has_blob(top.digest) || !out.emplace(top.digest, top.size).second) return;
  const std::string bytes = store.read_blob(top.digest);
  if (oci::is_index(top.media_type)) {
    const oci::Index index = oci::parse_index(bytes, top.digest.str());
    for (const auto& entry : index.manifests) add_blobs(store, entry, out);
  } else if (oci::is_manifest(top.media_type)) {
    const oci::Manifest manifest = oci::parse_manifest(bytes, top.digest.str());
    out[manifest.config.digest] = manifest.config.size;
    for (const auto& layer : manifest.layers) out[layer.digest] = layer.size;
  }
}

int64_t made_at(const store::Store& store, const oci::Digest& digest) {
  struct stat st{};
  return ::stat(store.blob_path(digest).c_str(), &st) == 0 ? st.st_mtim.tv_sec : 0;
}

/// Images that pile up would leave no room for the cache. The newest may take half of the limit
/// together; older ones lose their names, and with them what nothing else needs.
void forget_old_images(store::Store& store, uint64_t limit,
                       const std::vector<oci::Digest>& spared) {
  std::vector<store::Image> images = store.images();
  const auto is_spared = [&](const store::Image& image) {
    return std::ranges::find(spared, image.descriptor.digest) != spared.end();
  };
  std::ranges::stable_sort(images, [&](const store::Image& a, const store::Image& b) {
    return std::pair(is_spared(a), made_at(store, a.descriptor.digest)) >
           std::pair(is_spared(b), made_at(store, b.descriptor.digest));
  });
  std::map<oci::Digest, uint64_t> kept;
  for (const auto& image : images) {
    std::map<oci::Digest, uint64_t> with = kept;
    add_blobs(store, image.descriptor, with);
    uint64_t bytes = 0;
    for (const auto& [digest, size] : with) bytes += size;
    if (is_spared(image) || bytes <= limit / 2)
      kept = std::move(with);
    else
      store.untag_image(image.name);
  }
}

}  // namespace

void keep_below(const std::string& root, uint64_t limit, const std::vector<oci::Digest>& spared,
                seams::Observer& observer) {
  try {
    {
      // What is read here counts as used until this store is closed again.
      store::Store store(root);
      if (total(store.usage()) > limit) forget_old_images(store, limit, spared);
    }
    store::Store store(root);
    // Reading it marks it as used by this process, which keeps prune away from all that it names.
    for (const auto& image : spared)
      if (!image.empty() && store.has_blob(image)) store.read_blob(image);
    // The next command that opens the store writes a little before it counts.
    const uint64_t margin = std::min<uint64_t>(limit / 50, 256 << 10);
    store.prune({.all = true, .max_bytes = limit - margin, .unused_for = {}});
    if (const uint64_t left = total(store.usage()); left > limit)
      observer.on_warning(
          fmt::format("the store takes {}, more than the {} that it may: all of it is in use, or "
                      "what was just built",
                      human_size(left), human_size(limit)),
          root);
  } catch (const Error& e) {
    observer.on_warning("the store could not be kept below its limit: " + e.message(), root);
  }
}

CeilingWatch::CeilingWatch(store::Store& store, uint64_t limit)
    : store_(store), limit_(limit), thread_([this](std::stop_token stop) { run(stop); }) {}

CeilingWatch::~CeilingWatch() {
  thread_.request_stop();
  wake_.notify_all();
}

uint64_t CeilingWatch::make_room() {
  uint64_t used = total(store_.usage());
  if (used > limit_) {
    store_.prune({.all = true, .max_bytes = limit_, .unused_for = {}});
    used = total(store_.usage());
  }
  // Where all that is left is in use, looking again soon would change nothing.
  return used < limit_ ? limit_ - used : limit_ / 4;
}

void CeilingWatch::run(std::stop_token stop) {
  try {
    uint64_t room = make_room();
    uint64_t free_then = free_bytes(store_.root());
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(lock, stop, std::chrono::milliseconds(500), [] { return false; });
      }
      if (stop.stop_requested()) return;
      const uint64_t free_now = free_bytes(store_.root());
      // Others may free space meanwhile: then there is as much more to be written before we look.
      if (free_now + room > free_then) continue;
      room = make_room();
      free_then = free_bytes(store_.root());
    }
  } catch (const std::exception&) {
    // The end of the build keeps the limit; a build does not fail for it.
  }
}

}  // namespace slipway::build

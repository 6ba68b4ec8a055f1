#include "export/push.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"

namespace slipway::exporter {

void push(store::Store& store, registry::Client& client, const Closure& image, const registry::Reference& to,
          const PushOptions& options) {
  std::vector<std::string> mount_from;
  for (const auto& source : options.mount_from)
    if (source.starts_with(to.host + "/")) mount_from.push_back(source.substr(to.host.size() + 1));

  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  std::stop_source stop_all;
  const std::stop_callback forward(options.stop, [&] { stop_all.request_stop(); });
  const auto work = [&] {
    try {
      for (size_t i; (i = next++) < image.blobs.size();) {
        const oci::Descriptor& blob = image.blobs[i];
        const registry::Progress progress = [&](uint64_t done, uint64_t total) {
          if (options.progress) options.progress(blob.digest.str(), done, total);
        };
        client.push_blob(to, blob, store.blob_path(blob.digest), mount_from, progress, stop_all.get_token(),
                         [&] { if (options.bring) options.bring(blob); });
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      stop_all.request_stop();
      next = image.blobs.size();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 1; i < std::min<size_t>(options.parallel, image.blobs.size()); ++i) threads.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
  for (const auto& manifest : image.manifests) {
    registry::Reference ref = to;
    const bool is_top = manifest.digest == image.top.digest;
    if (is_top && options.without_top) continue;
    ref.digest = manifest.digest;
    if (!is_top || options.by_digest) ref.tag.clear();
    else ref.digest = {};
    client.push_manifest(ref, manifest.media_type, store.read_blob(manifest.digest), options.stop);
  }
}

}  // namespace slipway::exporter

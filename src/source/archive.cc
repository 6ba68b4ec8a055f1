#include "source/archive.h"

#include <fcntl.h>

#include <algorithm>

#include "base/text.h"
#include "layer/unpack.h"
#include "os/fd.h"
#include "os/fs.h"
#include "source/stored_file.h"

namespace slipway::source {
namespace {

/// A file as the only entry of a snapshot.
Snapshot as_snapshot(store::Store& store, const StoredFile& file) {
  tree::Entry entry{.path = file.name, .type = tree::Type::File, .mode = 0600};
  entry.size = file.size;
  entry.mtime_ns = file.last_modified.value_or(0) * 1'000'000'000;
  entry.content.digest = file.sum;
  if (!store.layer_tree(file.id))
    store.put_layer_tree(file.id, tree::serialize(tree::Tree({entry})));
  entry.content.disk_path = file.size > 0 ? file.path : "";
  return {.id = file.id,
          .dir = os::dir_name(file.path),
          .files = std::make_shared<const tree::Tree>(std::vector<tree::Entry>{std::move(entry)})};
}

std::optional<int64_t> newest_file(const tree::Tree& files) {
  std::optional<int64_t> out;
  for (const auto& entry : files.entries())
    if (entry.type == tree::Type::File)
      out = std::max(out.value_or(0), entry.mtime_ns / 1'000'000'000);
  return out;
}

}  // namespace

std::optional<Snapshot> unpack_archive(store::Store& store, int fd, const hash::Sha256Sum& sum,
                                       const ArchiveOptions& options) {
  const std::string id = "archive:" + to_hex(sum);
  if (auto found = find_snapshot(store, id)) return found;
  if (!layer::looks_like_archive(fd)) return std::nullopt;
  const store::Lock only_one = store.lock_key("unpack " + id, options.stop);
  if (auto found = find_snapshot(store, id)) return found;
  layer::UnpackOptions unpack;
  unpack.whiteouts = false;
  unpack.tolerate_chown_failure = options.single_id;
  unpack.stop = options.stop;
  if (options.progress)
    unpack.progress = [&](uint64_t done) { options.progress("extracting", done, 0); };
  const std::string dir = store.new_dir();
  try {
    const layer::Unpacked unpacked = layer::unpack(fd, dir, unpack);
    return publish_snapshot(store, id, dir, unpacked.tree);
  } catch (...) {
    store.drop_dir(dir);
    throw;
  }
}

HttpContext http_context(store::Store& store, const std::string& url,
                         const ArchiveOptions& options) {
  FileRequest request;
  request.url = url;
  request.name = kContextFile;
  request.authorization = options.authorization;
  request.stop = options.stop;
  if (options.progress)
    request.progress = [&](uint64_t done, uint64_t total) {
      options.progress("downloading", done, total);
    };
  const StoredFile file = fetch_file(store, request);
  const os::UniqueFd fd = os::open_file(file.path, O_RDONLY);
  HttpContext out;
  if (auto files = unpack_archive(store, fd.get(), file.sum, options)) {
    out.is_archive = true;
    out.files = std::move(*files);
    out.time = file.last_modified ? file.last_modified : newest_file(*out.files.files);
  } else {
    out.files = as_snapshot(store, file);
    out.time = file.last_modified;
  }
  return out;
}

}  // namespace slipway::source

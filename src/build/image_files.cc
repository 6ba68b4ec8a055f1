#include "build/image_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "base/error.h"
#include "layer/archive_tree.h"
#include "layer/feed.h"
#include "layer/tar_reader.h"
#include "os/fd.h"

namespace slipway::build {
namespace {

using Take = std::function<void(const std::string& path, attest::FileBytes& bytes)>;
/// Path in the layer -> paths in the image (hard links may give it several).
using Wanted = std::map<std::string, std::vector<std::string>>;

/// The current entry of an archive.
class TarBytes : public attest::FileBytes {
 public:
  TarBytes(layer::TarReader& tar, uint64_t size) : tar_(tar), size_(size) {}
  uint64_t size() const override { return size_; }

  size_t read(uint64_t offset, std::span<uint8_t> into) override {
    size_t done = 0;
    while (done < into.size() && fill()) {
      const uint64_t here = piece_.bytes.empty() ? piece_.zeros : piece_.bytes.size();
      if (at_ < offset) {
        drop(std::min(here, offset - at_));
        continue;
      }
      const size_t count = std::min<uint64_t>(here, into.size() - done);
      if (piece_.bytes.empty())
        std::memset(into.data() + done, 0, count);
      else
        std::memcpy(into.data() + done, piece_.bytes.data(), count);
      drop(count);
      done += count;
      offset += count;
    }
    return done;
  }

 private:
  bool fill() {
    if (piece_.empty()) piece_ = tar_.content();
    return !piece_.empty();
  }
  void drop(uint64_t count) {
    at_ += count;
    if (piece_.bytes.empty())
      piece_.zeros -= count;
    else
      piece_.bytes = piece_.bytes.subspan(count);
  }

  layer::TarReader& tar_;
  uint64_t size_, at_ = 0;
  layer::TarReader::Piece piece_;
};

/// Which layer a file of the flattened image comes from, and what it is called there.
std::pair<size_t, std::string> place_of(const std::vector<std::shared_ptr<const tree::Tree>>& trees,
                                        std::string path) {
  for (size_t i = trees.size(); i-- > 0;) {
    const tree::Entry* entry = trees[i]->find(path);
    for (int links = 0; entry && entry->type == tree::Type::Hardlink && links < 255; ++links) {
      path = entry->link;
      entry = trees[i]->find(path);  // nothing: the link leads to a layer below
    }
    if (entry && entry->type == tree::Type::File) return {i, path};
  }
  return {trees.size(), path};
}

bool has_directory(store::Store& store, const LayerRef& layer) {
  return store.layer_dir(layer.id) || (layer.base && store.layer_dir(layer.base->placed_id));
}

void give(const std::vector<std::string>& names, const tree::Entry& entry, const Take& take) {
  for (const auto& name : names) {
    if (entry.content.disk_path.empty()) {
      attest::MemoryBytes bytes(entry.content.bytes);
      take(name, bytes);
    } else {
      attest::DiskBytes bytes(entry.content.disk_path);
      take(name, bytes);
    }
  }
}

/// Takes what is found out of `wanted`.
void read_blob(const std::string& path, Wanted& wanted, const Take& take, std::stop_token stop) {
  const os::UniqueFd fd = os::open_file(path, O_RDONLY);
  layer::Feed feed(fd.get(), stop);
  layer::TarReader tar(feed);
  layer::TarEntry entry;
  while (!wanted.empty() && tar.next(entry)) {
    if (entry.type != tree::Type::File) continue;
    const auto it = wanted.find(layer::safe_path(entry.name, entry.name));
    if (it == wanted.end()) continue;
    TarBytes bytes(tar, entry.size);
    take(it->second.front(), bytes);
    // Two names of one file are rare, and the stream has gone by: the second is found elsewhere.
    it->second.erase(it->second.begin());
    if (it->second.empty()) wanted.erase(it);
  }
}

}  // namespace

void read_image_files(Layers& layers, store::Store& store, const Stack& stack,
                      const std::function<bool(const tree::Entry&)>& wants, const Take& take,
                      const Layers::Progress& progress, std::stop_token stop) {
  std::vector<std::shared_ptr<const tree::Tree>> trees;
  for (const auto& layer : stack) trees.push_back(layers.listing(layer, progress));
  std::vector<Wanted> wanted(stack.size() + 1);
  const tree::Tree flat = tree::View(trees).flatten();
  for (const auto& entry : flat.entries()) {
    if (!wants(entry)) continue;
    const auto [layer, path] = place_of(trees, entry.path);
    wanted[layer][path].push_back(entry.path);
  }
  for (size_t i = 0; i < stack.size(); ++i) {
    if (stop.stop_requested()) throw Cancelled();
    if (wanted[i].empty()) continue;
    const LayerRef& layer = stack[i];
    if (layer.base && !has_directory(store, layer))
      read_blob(store.blob_path(layers.blob(layer, {}, progress).digest), wanted[i], take, stop);
    if (wanted[i].empty()) continue;
    // Files whose names in the archive lead through links are left: they need the layer as a
    // directory.
    const auto files = layers.files(layer, progress);
    for (const auto& [path, names] : wanted[i])
      if (const tree::Entry* entry = files->find(path)) give(names, *entry, take);
  }
}

}  // namespace slipway::build

#include "source/snapshot.h"

#include <fmt/core.h>

#include <vector>

#include "base/error.h"
#include "os/fs.h"
#include "tree/view.h"

namespace slipway::source {
namespace {

tree::Tree with_paths(const tree::Tree& files, const std::string& dir) {
  std::vector<tree::Entry> entries = files.entries();
  for (auto& entry : entries) {
    const bool on_disk = !dir.empty() && entry.type == tree::Type::File && entry.size > 0;
    entry.content.disk_path = on_disk ? os::join_path(dir, entry.path) : "";
  }
  return tree::Tree(std::move(entries));
}

}  // namespace

std::optional<Snapshot> find_snapshot(store::Store& store, const std::string& id) {
  const auto dir = store.layer_dir(id);
  if (!dir) return std::nullopt;
  const auto listing = store.layer_tree(id);
  if (!listing) return std::nullopt;
  const tree::Tree files = tree::deserialize(*listing, "the store's listing of " + id);
  return Snapshot{
      .id = id, .dir = *dir, .files = std::make_shared<const tree::Tree>(with_paths(files, *dir))};
}

Snapshot publish_snapshot(store::Store& store, const std::string& id, const std::string& dir,
                          const tree::Tree& files) {
  // Whoever finds the directory finds the listing as well.
  store.put_layer_tree(id, tree::serialize(with_paths(files, "")));
  const std::string published = store.publish_dir(id, dir);
  return {.id = id,
          .dir = published,
          .files = std::make_shared<const tree::Tree>(with_paths(files, published))};
}

std::optional<std::string> read_file(const Snapshot& snapshot, const std::string& path,
                                     uint64_t limit) {
  const tree::View view({snapshot.files});
  const auto entry = view.lookup(view.resolve(os::clean_path("/" + path).substr(1)));
  if (!entry) return std::nullopt;
  if (entry->type != tree::Type::File) throw Error("it is not a file", path);
  if (entry->size > limit)
    throw Error(fmt::format("the file is larger than {} bytes", limit), path);
  const tree::Content& content = entry->content;
  return content.disk_path.empty() ? content.bytes.str() : os::read_file(content.disk_path);
}

}  // namespace slipway::source

// Images: entries of index.json.
#include <algorithm>

#include "base/error.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "store/index.h"
#include "store/locks.h"

namespace slipway::store {

std::string name_of(const oci::Descriptor& entry) {
  for (const char* key : {kImageName, kRefName})
    if (const auto it = entry.annotations.find(key); it != entry.annotations.end())
      return it->second;
  return "";
}

oci::Index read_index(const Layout& layout) {
  const auto bytes = os::read_file_if_exists(layout.index());
  if (!bytes) return {.media_type = std::string(oci::kIndex)};
  try {
    return oci::parse_index(*bytes, layout.index());
  } catch (Error& error) {
    throw Error("the store's list of images is damaged: " + error.message(), layout.index(),
                "remove this file: no image is tagged any more then, all blobs stay");
  }
}

bool change_index(Store::Impl& store, const std::function<bool(oci::Index&)>& change) {
  const Lock lock = lock_briefly(store.layout.index_lock(), LockKind::Exclusive);
  oci::Index index = read_index(store.layout);
  if (!change(index)) return false;
  replace_file(store.scratch_file(), store.layout.index(), oci::print(index), true);
  return true;
}

void Store::tag_image(const std::string& name, const oci::Descriptor& descriptor) {
  if (!has_blob(descriptor.digest))
    throw Error("cannot tag an image that is not in the store", descriptor.digest.str(),
                "build it again: its manifest is missing or damaged");
  touch(blob_path(descriptor.digest));  // when the image was last made
  oci::Descriptor entry = descriptor;
  entry.annotations[kRefName] = name;
  entry.annotations[kImageName] = name;
  change_index(*impl_, [&](oci::Index& index) {
    auto& entries = index.manifests;
    const auto has_name = [&](const oci::Descriptor& each) { return name_of(each) == name; };
    const auto old = std::find_if(entries.begin(), entries.end(), has_name);
    if (old != entries.end() && *old == entry) return false;
    std::erase_if(entries, has_name);
    entries.push_back(entry);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
    return true;
  });
}

bool Store::untag_image(const std::string& name) {
  return change_index(*impl_, [&](oci::Index& index) {
    return std::erase_if(index.manifests,
                         [&](const oci::Descriptor& each) { return name_of(each) == name; }) > 0;
  });
}

std::vector<Image> Store::images() const {
  std::vector<Image> images;
  for (oci::Descriptor& entry : read_index(impl_->layout).manifests) {
    std::string name = name_of(entry);
    if (name.empty()) continue;
    entry.annotations.erase(kRefName);
    entry.annotations.erase(kImageName);
    images.push_back({.name = std::move(name), .descriptor = std::move(entry)});
  }
  return images;
}

}  // namespace slipway::store

// `slipway images`: the images that have a name in the store.
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/handlers.h"
#include "cli/store_access.h"
#include "json/json.h"
#include "oci/documents.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "store/store.h"

namespace slipway::cli {
namespace {

struct Shown {
  store::Image image;
  std::vector<std::string> platforms;
  uint64_t bytes = 0;  // compressed layers of all platforms
};

/// As docker shows it: without the registry and "library/" of its own hub.
std::string familiar(const std::string& name) {
  for (const std::string_view prefix : {"docker.io/library/", "docker.io/"})
    if (name.starts_with(prefix)) return name.substr(prefix.size());
  return name;
}

oci::Manifest manifest_at(const store::Store& store, const oci::Digest& digest) {
  return oci::parse_manifest(store.read_blob(digest), digest.str());
}

std::string platform_of_config(const store::Store& store, const oci::Manifest& manifest) {
  const json::Value config =
      json::parse(store.read_blob(manifest.config.digest), manifest.config.digest.str());
  oci::Platform platform;
  platform.os = json::string_or(config, "os");
  platform.arch = json::string_or(config, "architecture");
  platform.variant = json::string_or(config, "variant");
  return platform.os.empty() ? "-" : platform.str();
}

void add_manifest(const store::Store& store, const oci::Descriptor& descriptor, Shown& shown) {
  if (!store.has_blob(descriptor.digest)) {
    if (descriptor.platform) shown.platforms.push_back(descriptor.platform->str() + " (not here)");
    return;
  }
  const oci::Manifest manifest = manifest_at(store, descriptor.digest);
  shown.platforms.push_back(descriptor.platform ? descriptor.platform->str()
                                                : platform_of_config(store, manifest));
  for (const auto& layer : manifest.layers) shown.bytes += layer.size;
}

Shown describe(const store::Store& store, const store::Image& image) {
  Shown shown{.image = image, .platforms = {}, .bytes = 0};
  if (!oci::is_index(image.descriptor.media_type)) {
    add_manifest(store, image.descriptor, shown);
    return shown;
  }
  const oci::Index index = oci::parse_index(store.read_blob(image.descriptor.digest), image.name);
  for (const auto& entry : index.manifests)
    if (!oci::is_attestation(entry)) add_manifest(store, entry, shown);
  return shown;
}

std::string as_json(const std::vector<Shown>& all) {
  auto list = json::Value::array();
  for (const Shown& shown : all) {
    json::Value one;
    one["name"] = shown.image.name;
    one["digest"] = shown.image.descriptor.digest.str();
    one["mediaType"] = shown.image.descriptor.media_type;
    one["platforms"] = shown.platforms;
    one["size"] = shown.bytes;
    list.push_back(std::move(one));
  }
  json::Value out;
  out["version"] = 1;
  out["images"] = std::move(list);
  return json::dump_pretty(out);
}

}  // namespace

int images_command(const ParsedArgs& args, const Io& io) {
  const std::string format = format_of(args, {"table", "json"});
  const std::string root = store_root(args, io, ::geteuid() == 0);
  std::vector<Shown> all;
  if (os::exists(root)) {  // a question makes no store
    const store::Store store(root);
    for (const auto& image : store.images()) all.push_back(describe(store, image));
  }
  if (args.flag("quiet")) {
    for (const Shown& shown : all) io.out(shown.image.descriptor.digest.str() + "\n");
  } else if (format == "json") {
    io.out(as_json(all));
  } else {
    std::vector<std::vector<std::string>> rows = {{"IMAGE", "DIGEST", "PLATFORMS", "SIZE"}};
    for (const Shown& shown : all)
      rows.push_back({familiar(shown.image.name), shown.image.descriptor.digest.hex().substr(0, 12),
                      join(shown.platforms, ","), human_size(shown.bytes)});
    io.out(render_table(rows, {3}));
  }
  return 0;
}

}  // namespace slipway::cli

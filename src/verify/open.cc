#include "verify/open.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "json/json.h"
#include "layer/unpack.h"
#include "oci/media_types.h"
#include "os/fd.h"
#include "os/fs.h"
#include "verify/collect.h"

namespace slipway::verify {
namespace {

struct LayerFile {
  std::string path, digest;
};

/// Layers that several platforms share are read once.
class Reader {
 public:
  explicit Reader(std::stop_token stop) : stop_(std::move(stop)) {}

  Image read(oci::Platform platform, image::Config config, const std::vector<LayerFile>& layers) {
    Image image{.platform = std::move(platform), .config = std::move(config)};
    const auto writers = writers_of(image.config, layers.size());
    std::vector<std::shared_ptr<const tree::Tree>> below;
    for (size_t i = 0; i < layers.size(); ++i) {
      Layer layer = read(layers[i], below);
      layer.digest = layers[i].digest;
      layer.written_by = writers[i];
      below.push_back(layer.tree);
      image.layers.push_back(std::move(layer));
    }
    return image;
  }

 private:
  Layer read(const LayerFile& file, const std::vector<std::shared_ptr<const tree::Tree>>& below) {
    if (const auto it = known_.find(file.digest); it != known_.end()) return it->second;
    const os::UniqueFd fd = os::open_file(file.path, O_RDONLY);
    Collector collector;
    std::optional<tree::View> view;
    layer::UnpackOptions options;
    options.stop = stop_;
    options.watcher = &collector;
    options.below = [&](bool) -> const tree::View& {
      if (!view) view.emplace(below);
      return *view;
    };
    layer::Unpacked listed;
    try {
      listed = layer::list(fd.get(), options, {});
    } catch (Error& error) {
      throw error.while_doing(fmt::format("while reading layer {}", file.digest));
    }
    Layer layer;
    layer.facts = std::make_shared<const Facts>(collector.finish(listed.tree));
    layer.tree = std::make_shared<const tree::Tree>(std::move(listed.tree));
    // On other layers it might be another tree.
    if (!listed.asked_below) known_.emplace(file.digest, layer);
    return layer;
  }

  std::stop_token stop_;
  std::map<std::string, Layer> known_;  // by digest
};

bool is_index(const std::string& bytes, const std::string& origin) {
  const auto value = json::parse(bytes, origin);
  return json::find(value, "manifests") != nullptr;
}

bool is_image(const oci::Manifest& manifest) {
  return manifest.config.media_type == oci::kConfig || manifest.config.media_type == oci::kDockerConfig;
}

oci::Descriptor entry_of(const std::string& dir, const std::string& name) {
  const std::string path = dir + "/index.json";
  const oci::Index index = oci::parse_index(os::read_file(path), path);
  std::vector<std::string> names;
  for (const auto& entry : index.manifests) {
    const auto it = entry.annotations.find("org.opencontainers.image.ref.name");
    const std::string tag = it == entry.annotations.end() ? "" : it->second;
    const bool is_only = index.manifests.size() == 1;
    if (name.empty() ? is_only || tag == "latest" || tag.ends_with(":latest")
                     : tag == name || tag.ends_with(":" + name) || entry.digest.str() == name)
      return entry;
    names.push_back(tag.empty() ? entry.digest.str() : tag);
  }
  std::string has;
  for (const auto& each : names) has += (has.empty() ? "" : ", ") + each;
  throw Error(name.empty() ? "the layout has several images" : fmt::format("the layout has no image \"{}\"", name), dir,
              fmt::format("it has: {}", has.empty() ? "nothing" : has));
}

/// Old archives have links between their layers. Those that could lead elsewhere are of no use to an honest one: what they
/// lead to would be read as a part of the image.
void refuse_links_out(const tree::Tree& tree, const std::string& file) {
  for (const auto& entry : tree.entries()) {
    if (entry.type != tree::Type::Symlink) continue;
    std::string_view rest = entry.link;
    size_t up = 0, depth = static_cast<size_t>(std::ranges::count(entry.path, '/'));
    for (; rest.starts_with("../"); rest.remove_prefix(3)) ++up;
    if (rest.starts_with('/') || up > depth || rest == ".." || rest.contains("../") || rest.ends_with("/.."))
      throw Error(fmt::format("the archive has the link {} to {}", entry.path, entry.link), file, "it is no image that a tool wrote");
  }
}

Opened open_docker_archive(const std::string& dir, const std::string& file, const std::optional<oci::Platform>& platform,
                           std::stop_token stop) {
  const auto list = json::parse(os::read_file(dir + "/manifest.json"), file);
  if (!list.is_array() || list.empty()) throw Error("the archive has no image", file);
  const auto& first = list[0];
  const auto at = [&](const std::string& name) {
    if (name.empty() || name.starts_with('/') || os::clean_path(name).starts_with(".."))
      throw Error(fmt::format("the archive names the file \"{}\"", name), file, "it is damaged");
    return dir + "/" + name;
  };
  image::Config config = image::parse_config(os::read_file(at(json::string_or(first, "Config"))), file);
  std::vector<LayerFile> layers;
  if (const auto* names = json::find(first, "Layers"); names && names->is_array())
    for (size_t i = 0; i < names->size(); ++i) {
      if (!(*names)[i].is_string()) continue;
      layers.push_back({at((*names)[i].get<std::string>()), i < config.diff_ids.size() ? config.diff_ids[i].str() : ""});
    }
  const oci::Platform own = oci::normalize(config.platform);
  if (platform && !oci::match_distance(own, *platform))
    throw Error(fmt::format("the archive has no image for {}", platform->str()), file, "it has: " + own.str());
  Opened out;
  out.images.push_back(Reader(std::move(stop)).read(own, std::move(config), layers));
  return out;
}

}  // namespace

Opened open_image(const oci::Descriptor& top, const Blobs& blobs, const std::optional<oci::Platform>& platform,
                  std::stop_token stop) {
  Opened out;
  std::vector<oci::Descriptor> manifests = {top};
  const std::string bytes = blobs.document(top);
  if (is_index(bytes, top.digest.str())) {
    out.is_index = true;
    const oci::Index index = oci::parse_index(bytes, top.digest.str());
    manifests.clear();
    for (const auto& entry : index.manifests)
      if (!oci::is_attestation(entry)) manifests.push_back(entry);
    if (platform) {
      const auto chosen = oci::select_platform(index, *platform);
      if (!chosen) throw Error(fmt::format("the image has no variant for {}", platform->str()), top.digest.str());
      manifests = {*chosen};
    }
  }
  Reader reader(std::move(stop));
  for (const auto& descriptor : manifests) {
    const std::string text = blobs.document(descriptor);
    if (out.is_index && is_index(text, descriptor.digest.str())) continue;  // an index in an index is for no runtime
    const oci::Manifest manifest = oci::parse_manifest(text, descriptor.digest.str());
    if (!is_image(manifest)) continue;
    image::Config config = image::parse_config(blobs.document(manifest.config), manifest.config.digest.str());
    const oci::Platform own = oci::normalize(descriptor.platform.value_or(config.platform));
    if (platform && !out.is_index && !oci::match_distance(own, *platform))
      throw Error(fmt::format("the image has no variant for {}", platform->str()), {}, "it is for " + own.str());
    std::vector<LayerFile> layers;
    for (const auto& layer : manifest.layers) layers.push_back({blobs.file(layer), layer.digest.str()});
    out.images.push_back(reader.read(own, std::move(config), layers));
  }
  if (out.images.empty()) throw Error("there is no image to verify", top.digest.str());
  return out;
}

Opened open_layout(const std::string& dir, const std::string& name, const std::optional<oci::Platform>& platform,
                   std::stop_token stop) {
  const auto path = [&](const oci::Descriptor& blob) { return dir + "/blobs/sha256/" + blob.digest.hex(); };
  const auto document = [&](const oci::Descriptor& blob) {
    std::string bytes = os::read_file(path(blob));
    if (oci::Digest::of(bytes) != blob.digest)
      throw Error("the blob does not have the content that its digest promises", path(blob), "the layout is damaged");
    return bytes;
  };
  return open_image(entry_of(dir, name), {.document = document, .file = path}, platform, std::move(stop));
}

Opened open_archive(const std::string& file, const std::string& scratch, const std::optional<oci::Platform>& platform,
                    std::stop_token stop) {
  const os::TempDir dir(scratch, "slipway-verify-");
  {
    const os::UniqueFd fd = os::open_file(file, O_RDONLY);
    layer::UnpackOptions options;
    options.whiteouts = false;
    options.tolerate_chown_failure = true;
    options.stop = stop;
    refuse_links_out(layer::unpack(fd.get(), dir.path(), options).tree, file);
  }
  if (os::exists(dir.path() + "/index.json")) return open_layout(dir.path(), "", platform, std::move(stop));
  if (os::exists(dir.path() + "/manifest.json")) return open_docker_archive(dir.path(), file, platform, std::move(stop));
  throw Error("this archive is no image", file, "write one with -o type=oci or type=docker, or `docker save`");
}

}  // namespace slipway::verify

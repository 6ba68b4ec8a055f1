// An image as the checks see it: what a runtime would start, and for each layer its listing, its facts and who wrote it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/config.h"
#include "oci/platform.h"
#include "tree/view.h"
#include "verify/facts.h"

namespace slipway::verify {

struct Layer {
  std::shared_ptr<const tree::Tree> tree;  // content is not needed
  std::shared_ptr<const Facts> facts;
  std::string digest;      // of the blob, for people; may be empty
  std::string written_by;  // history's created_by
  std::string location;    // "Dockerfile:12", or empty
};

struct Image {
  oci::Platform platform;  // what it is published as
  image::Config config;
  std::vector<Layer> layers;  // bottom first
};

/// created_by of each of `layers` layers, bottom first: the history entries that are not of empty layers. Where there are too
/// few the bottom layers have none: bases without history are the usual reason.
std::vector<std::string> writers_of(const image::Config& config, size_t layers);

/// Where a file is: which layer has its bytes, and its name there.
struct Place {
  size_t layer = 0;
  std::string path;
};

/// Look-ups in an image's files through all of its layers.
class Files {
 public:
  explicit Files(const Image& image);

  const Image& image() const { return image_; }
  /// `path` with links followed inside the image; nullopt for links in a circle. Leading slashes are dropped.
  std::optional<std::string> resolve(std::string_view path) const;
  std::optional<tree::Entry> entry(std::string_view real_path) const { return view_.lookup(real_path); }
  std::vector<std::string> children(std::string_view real_dir) const { return view_.children(real_dir); }
  /// The place of the regular file at `real_path`, hard links followed; nullopt if there is none.
  std::optional<Place> place(std::string_view real_path) const;
  const Code* code(const Place& place) const;
  const std::string* script(const Place& place) const;
  /// Whether the file at `path` of layer `layer` is what the image shows there.
  bool is_visible(size_t layer, const std::string& path) const;
  /// A loader's configuration file that the image shows.
  std::string text(const std::string& path) const;

 private:
  const Image& image_;
  tree::View view_;
};

}  // namespace slipway::verify

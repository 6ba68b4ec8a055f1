#include "verify/image.h"

#include "base/error.h"

namespace slipway::verify {
namespace {

std::vector<std::shared_ptr<const tree::Tree>> trees_of(const Image& image) {
  std::vector<std::shared_ptr<const tree::Tree>> out;
  for (const auto& layer : image.layers) out.push_back(layer.tree);
  return out;
}

/// Whether `tree` says what is at `path`: it has it, or deletes it, or has something else than a directory above it.
bool decides(const tree::Tree& tree, std::string_view path) {
  if (tree.find(path)) return true;
  for (size_t end = path.rfind('/'); end != path.npos; end = path.substr(0, end).rfind('/')) {
    const tree::Entry* above = tree.find(path.substr(0, end));
    if (above && (above->type != tree::Type::Dir || above->opaque)) return true;
  }
  const tree::Entry* root = tree.find("");
  return root && root->opaque;
}

}  // namespace

std::vector<std::string> writers_of(const image::Config& config, size_t layers) {
  std::vector<std::string> out(layers);
  size_t left = layers;
  for (auto entry = config.history.rbegin(); entry != config.history.rend() && left > 0; ++entry)
    if (!entry->empty_layer) out[--left] = entry->created_by;
  return out;
}

Files::Files(const Image& image) : image_(image), view_(trees_of(image)) {}

std::optional<std::string> Files::resolve(std::string_view path) const {
  while (path.starts_with('/')) path.remove_prefix(1);
  try {
    return view_.resolve(path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<Place> Files::place(std::string_view real_path) const {
  std::string path(real_path);
  for (size_t i = image_.layers.size(); i-- > 0;) {
    const tree::Tree& tree = *image_.layers[i].tree;
    const tree::Entry* entry = tree.find(path);
    for (int links = 0; entry && entry->type == tree::Type::Hardlink && links < 255; ++links) {
      path = entry->link;
      entry = tree.find(path);  // nothing: the link leads to a layer below
    }
    if (entry && entry->type == tree::Type::File) return Place{i, path};
    if (decides(tree, path)) return std::nullopt;
  }
  return std::nullopt;
}

const Code* Files::code(const Place& place) const {
  const auto& code = image_.layers[place.layer].facts->code;
  const auto it = code.find(place.path);
  return it == code.end() ? nullptr : &it->second;
}

const std::string* Files::script(const Place& place) const {
  const auto& scripts = image_.layers[place.layer].facts->scripts;
  const auto it = scripts.find(place.path);
  return it == scripts.end() ? nullptr : &it->second;
}

bool Files::is_visible(size_t layer, const std::string& path) const {
  for (size_t above = layer + 1; above < image_.layers.size(); ++above)
    if (decides(*image_.layers[above].tree, path)) return false;
  return true;
}

std::string Files::text(const std::string& path) const {
  const auto real = resolve(path);
  const auto where = real ? place(*real) : std::nullopt;
  if (!where) return {};
  const auto& texts = image_.layers[where->layer].facts->texts;
  const auto it = texts.find(where->path);
  return it == texts.end() ? "" : it->second;
}

}  // namespace slipway::verify

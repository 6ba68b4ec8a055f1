#include "layer/order.h"

#include <fmt/core.h>

#include <unordered_map>

#include "base/error.h"

namespace slipway::layer {
namespace {

using tree::Entry;
using tree::Type;

// The file at the end of a chain of links; the last link itself if it leads out of the tree.
const Entry* file_of(const tree::Tree& tree, const Entry& link) {
  const Entry* at = &link;
  for (size_t links = 0; at->type == Type::Hardlink; ++links) {
    if (links > 64) throw Error("hard links that lead back to themselves", link.path);
    const Entry* next = tree.find(at->link);
    if (!next || next->type == Type::Whiteout) return at;
    if (next->type == Type::Dir)
      throw Error(fmt::format("a hard link to the directory {}", next->path), link.path);
    at = next;
  }
  return at;
}

}  // namespace

std::vector<Placed> write_order(const tree::Tree& tree) {
  std::vector<Placed> order;
  order.reserve(tree.entries().size());
  std::unordered_map<const Entry*, size_t>
      first_link;  // file -> position of the first of its links
  for (const Entry& entry : tree.entries()) {
    Placed placed{entry.path, &entry, {}};
    if (entry.type == Type::Hardlink) {
      const Entry* file = file_of(tree, entry);
      if (file->type == Type::Hardlink) {
        placed.hard_link = file->link;
      } else {
        placed.entry = file;
        placed.hard_link = file->path;
        first_link.emplace(file, order.size());
      }
    }
    order.push_back(placed);
  }
  if (first_link.empty()) return order;

  // Whichever name comes first carries the content.
  for (size_t i = 0; i < order.size(); ++i) {
    const auto link = first_link.find(order[i].entry);
    if (link == first_link.end()) continue;
    const Placed& first = order[link->second];
    if (!tree::path_less(first.path, order[i].entry->path)) continue;
    order[i].hard_link = i == link->second ? std::string_view() : first.path;
  }
  return order;
}

}  // namespace slipway::layer

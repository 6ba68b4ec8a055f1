// Order, look-up and identity of trees. The binary form for the store is in serialize.cc.
#include "tree/tree.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.h"

namespace slipway::tree {
namespace {

// '/' below every other byte: what stands under a directory comes before the directory's next
// sibling.
int rank(char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; }

bool starts_below(std::string_view path, std::string_view dir) {
  return dir.empty() ? !path.empty()
                     : path.size() > dir.size() && path[dir.size()] == '/' && path.starts_with(dir);
}

auto first_not_less(const std::vector<Entry>& entries, std::string_view path) {
  return std::lower_bound(
      entries.begin(), entries.end(), path,
      [](const Entry& entry, std::string_view wanted) { return path_less(entry.path, wanted); });
}

// Everything that goes into a tree's identity, each field with its length, so that no two trees
// give the same bytes.
class DigestInput {
 public:
  void number(uint64_t value) {
    uint8_t bytes[8];
    for (uint8_t& byte : bytes) {
      byte = static_cast<uint8_t>(value);
      value >>= 8;
    }
    append(std::string_view(reinterpret_cast<const char*>(bytes), sizeof bytes));
  }
  void text(std::string_view value) {
    number(value.size());
    append(value);
  }
  oci::Digest finish() {
    hasher_.update(pending_);
    return oci::Digest::from_sum(hasher_.finish());
  }

 private:
  void append(std::string_view bytes) {
    pending_ += bytes;
    if (pending_.size() < 32 * 1024) return;
    hasher_.update(pending_);
    pending_.clear();
  }
  hash::Sha256 hasher_;
  std::string pending_;
};

void add_content(DigestInput& input, const Entry& entry) {
  input.number(entry.size);
  if (entry.size == 0) return;
  if (!entry.content.digest)
    CHECK(entry.content.bytes.size() == entry.size);  // files on disk must be hashed by now
  hash::Sha256 hasher;
  hasher.update(entry.content.bytes);
  const hash::Sha256Sum sum = entry.content.digest ? *entry.content.digest : hasher.finish();
  input.text(std::string_view(reinterpret_cast<const char*>(sum.data()), sum.size()));
}

}  // namespace

bool path_less(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  const auto [at_a, at_b] =
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(common), b.begin());
  const auto where = static_cast<size_t>(at_a - a.begin());
  if (where == common) return a.size() < b.size();
  return rank(*at_a) < rank(*at_b);
}

Tree::Tree(std::vector<Entry> entries) {
  const auto strictly_sorted =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return !path_less(a.path, b.path); });
  if (strictly_sorted == entries.end()) {
    entries_ = std::move(entries);
    return;
  }
  // Entries are large: sort their positions and move each once.
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return path_less(entries[a].path, entries[b].path); });
  entries_.reserve(entries.size());
  for (const size_t index : order) {
    Entry& entry = entries[index];
    if (entries_.empty() || entries_.back().path != entry.path) {
      entries_.push_back(std::move(entry));
      continue;
    }
    const bool hides =
        entry.type == Type::Dir && entries_.back().type == Type::Dir && entries_.back().opaque;
    entries_.back() = std::move(entry);
    entries_.back().opaque |= hides;
  }
}

const Entry* Tree::find(std::string_view path) const {
  const auto at = first_not_less(entries_, path);
  return at != entries_.end() && at->path == path ? &*at : nullptr;
}

std::span<const Entry> Tree::below(std::string_view dir) const {
  auto begin = first_not_less(entries_, dir);
  if (begin != entries_.end() && begin->path == dir) ++begin;
  const auto end = std::partition_point(
      begin, entries_.end(), [&](const Entry& entry) { return starts_below(entry.path, dir); });
  return {begin, end};
}

oci::Digest tree_digest(const Tree& tree) {
  DigestInput input;
  input.text("slipway tree 1");
  for (const Entry& entry : tree.entries()) {
    input.text(entry.path);
    input.number(static_cast<uint64_t>(entry.type));
    // Nothing else of these two counts: a whiteout has nothing else, a hard link shares its first
    // name's metadata.
    if (entry.type == Type::Whiteout) continue;
    if (entry.type == Type::Hardlink) {
      input.text(entry.link);
      continue;
    }
    input.number(entry.opaque);
    input.number(
        entry.type == Type::Symlink ? 0777 : entry.mode);  // Linux gives links no mode of their own
    input.number(entry.uid);
    input.number(entry.gid);
    input.number(entry.xattrs.size());
    for (const auto& [name, value] : entry.xattrs) {
      input.text(name);
      input.text(value);
    }
    if (entry.type == Type::Symlink) input.text(entry.link);
    if (entry.type == Type::CharDevice || entry.type == Type::BlockDevice) {
      input.number(entry.device_major);
      input.number(entry.device_minor);
    }
    if (entry.type == Type::File) add_content(input, entry);
  }
  return input.finish();
}

}  // namespace slipway::tree

// Look-ups in a stack of trees. Each one goes down the stack and leaves a layer after one binary
// search when the layer has nothing under the path's first component, so a stack of two hundred
// small layers costs little more than one. No index is built: a view is made per step and often
// asked only a few questions.
#include "tree/view.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/error.h"

namespace slipway::tree {
namespace {

using Layers = std::vector<std::shared_ptr<const Tree>>;
using Range = std::span<const Entry>;

constexpr int kMaxLinks = 255;

Entry default_directory(std::string_view path) {
  Entry entry;
  entry.path = path;
  entry.type = Type::Dir;
  entry.mode = 0755;
  return entry;
}

// True if what the layers below have at and under this entry's path is gone.
bool hides_below(const Entry& entry) { return entry.type != Type::Dir || entry.opaque; }

bool is_or_below(std::string_view path, std::string_view dir) {
  return path.starts_with(dir) && (path.size() == dir.size() || path[dir.size()] == '/');
}

// The part of `range` (sorted, all below one directory) that is `path` itself or below it.
Range part_of(Range range, std::string_view path) {
  const auto begin = std::lower_bound(
      range.begin(), range.end(), path,
      [](const Entry& entry, std::string_view wanted) { return path_less(entry.path, wanted); });
  if (begin == range.end() || !is_or_below(begin->path, path)) return {};
  // Most parts are small: gallop from the beginning instead of searching the whole rest.
  size_t step = 1;
  auto low = begin;
  while (static_cast<size_t>(range.end() - low) > step &&
         is_or_below((low + static_cast<ptrdiff_t>(step))->path, path)) {
    low += static_cast<ptrdiff_t>(step);
    step *= 2;
  }
  const auto high = static_cast<size_t>(range.end() - low) > step
                        ? low + static_cast<ptrdiff_t>(step)
                        : range.end();
  const auto end = std::partition_point(
      low, high, [&](const Entry& entry) { return is_or_below(entry.path, path); });
  return {begin, end};
}

bool holds_anything(Range below) {
  return std::any_of(below.begin(), below.end(),
                     [](const Entry& entry) { return entry.type != Type::Whiteout; });
}

// What one layer says about one path.
struct InLayer {
  const Entry* entry = nullptr;  // at the path itself
  Range below;                   // strictly below it
  bool last = false;             // the layers further down do not count
};

InLayer ask(const Tree& tree, std::string_view path) {
  InLayer answer;
  Range range(tree.entries());
  if (path.empty()) {
    if (!range.empty() && range.front().path.empty()) answer.entry = &range.front();
    answer.below = answer.entry ? range.subspan(1) : range;
    answer.last = answer.entry && answer.entry->opaque;
    return answer;
  }
  if (!range.empty() && range.front().path.empty() && range.front().opaque) answer.last = true;
  size_t end = 0;
  while (true) {
    end = std::min(path.find('/', end), path.size());
    const std::string_view prefix = path.substr(0, end);
    range = part_of(range, prefix);
    if (range.empty()) return answer;
    const Entry* here = range.front().path == prefix ? &range.front() : nullptr;
    if (here) {
      range = range.subspan(1);
      answer.last |= hides_below(*here);
    }
    if (end == path.size()) {
      answer.entry = here;
      answer.below = range;
      return answer;
    }
    ++end;
  }
}

// An entry and the layer it stands in; `entry` is null for directories that only follow from what
// is below them.
struct Found {
  bool exists = false;
  const Entry* entry = nullptr;
  size_t layer = 0;
};

// Looks in layers [0, end).
Found find(const Layers& layers, size_t end, std::string_view path) {
  bool implied = path.empty();
  for (size_t i = end; i-- > 0;) {
    const InLayer answer = ask(*layers[i], path);
    if (answer.entry && answer.entry->type != Type::Whiteout) {
      // Something above stands below it, so that whatever else it was, it became a directory there.
      if (implied && answer.entry->type != Type::Dir) return {true, nullptr, i};
      return {true, answer.entry, i};
    }
    implied = implied || holds_anything(answer.below);
    if (answer.last) break;
  }
  return {implied, nullptr, 0};
}

// Follows a hard link to the file it is a name of: in its own layer, else in one below (a layer may
// link to a file that an earlier one brought). Links to links are followed as far as there can be
// any.
Found follow_hardlinks(const Layers& layers, Found found) {
  if (!found.entry || found.entry->type != Type::Hardlink) return found;
  for (int links = 0; found.entry && found.entry->type == Type::Hardlink; ++links) {
    if (links == kMaxLinks) return {};
    const std::string& name = found.entry->link;
    if (const Entry* own = layers[found.layer]->find(name);
        own && own->type != Type::Whiteout && own != found.entry)
      found.entry = own;
    else
      found = find(layers, found.layer, name);
  }
  if (!found.entry || found.entry->type == Type::Dir) return {};
  return found;
}

Entry as_entry(const Found& found, std::string_view path) {
  if (!found.entry) return default_directory(path);
  Entry entry = *found.entry;
  if (entry.path != path) entry.path = path;
  return entry;
}

// Merges the layers' parts of one directory into `out`; the work is in proportion to what the parts
// hold.
class Flattener {
 public:
  explicit Flattener(const Layers& layers) : layers_(layers) {}

  struct Part {
    Range range;  // strictly below the directory
    size_t layer;
  };

  /// `parts`: topmost layer first.
  void directory(std::vector<Part> parts) {
    while (true) {
      std::erase_if(parts, [](const Part& part) { return part.range.empty(); });
      if (parts.empty()) return;
      std::string_view next = child(parts[0].range.front().path);
      for (const Part& part : parts) {
        const std::string_view other = child(part.range.front().path);
        if (path_less(other, next)) next = other;
      }
      merge_child(parts, next);
    }
  }

  void root_of_selection(const Found& found, std::string_view path) { emit(found, path); }
  void set_depth(std::string_view dir) { prefix_ = dir.empty() ? 0 : dir.size() + 1; }

  Tree finish() {
    // Kept as a link only where the name it links to is still the same file.
    std::map<const Entry*, std::string> firsts;
    if (!links_.empty())
      for (size_t i = 0; i < out_.size(); ++i)
        if (sources_[i] && sources_[i]->type != Type::Hardlink && sources_[i]->type != Type::Dir)
          firsts.emplace(sources_[i], out_[i].path);
    for (const auto& [index, source] : links_) {
      Entry& entry = out_[index];
      const Found target = follow_hardlinks(layers_, source);
      const auto kept = firsts.find(target.entry);
      if (kept != firsts.end()) {
        entry.link = kept->second;
        continue;
      }
      if (!target.entry) {
        entry.link.clear();  // leads nowhere: not there, as lookup() has it
        continue;
      }
      std::string path = std::move(entry.path);
      entry = *target.entry;
      entry.path = std::move(path);
      firsts.emplace(target.entry, entry.path);
    }
    std::erase_if(out_, [](const Entry& entry) {
      return entry.type == Type::Hardlink && entry.link.empty();
    });
    return Tree(std::move(out_));
  }

 private:
  std::string_view child(std::string_view path) const {
    return path.substr(0, path.find('/', prefix_));
  }

  void merge_child(std::vector<Part>& parts, std::string_view path) {
    Found found;
    bool hidden = false;
    std::vector<Part> below;
    for (Part& part : parts) {
      if (!is_or_below(part.range.front().path, path)) continue;
      Range mine = part_of(part.range, path);
      part.range = part.range.subspan(mine.size());
      if (hidden) continue;
      const Entry* here = mine.front().path == path ? &mine.front() : nullptr;
      if (here) mine = mine.subspan(1);
      if (here && here->type != Type::Whiteout && !found.entry &&
          (!found.exists || here->type == Type::Dir))
        found = {true, here, part.layer};
      else if (!found.exists && holds_anything(mine))
        found = {true, nullptr, part.layer};
      if (!mine.empty()) below.push_back({mine, part.layer});
      hidden = here && hides_below(*here);
    }
    if (!found.exists) return;
    emit(found, path);
    if (!found.entry || found.entry->type == Type::Dir) {
      const size_t outer = prefix_;
      prefix_ = path.size() + 1;
      directory(std::move(below));
      prefix_ = outer;
    }
  }

  void emit(const Found& found, std::string_view path) {
    if (found.entry && found.entry->type == Type::Hardlink)
      links_.emplace_back(out_.size(), found);
    sources_.push_back(found.entry);
    out_.push_back(as_entry(found, path));
    out_.back().opaque = false;
  }

  const Layers& layers_;
  size_t prefix_ = 0;  // bytes of the directory being merged, with its slash
  std::vector<Entry> out_;
  std::vector<const Entry*> sources_;  // of each in out_; null where there is no entry
  std::vector<std::pair<size_t, Found>> links_;
};

}  // namespace

View::View(std::vector<std::shared_ptr<const Tree>> layers) : layers_(std::move(layers)) {}

std::optional<Entry> View::lookup(std::string_view path) const {
  const Found found = follow_hardlinks(layers_, find(layers_, layers_.size(), path));
  if (!found.exists) return std::nullopt;
  return as_entry(found, path);
}

std::string View::resolve(std::string_view path, bool follow_last) const {
  std::deque<std::string> todo;
  const auto push_front = [&](std::string_view text) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
      const size_t slash = std::min(text.find('/'), text.size());
      if (slash > 0 && text.substr(0, slash) != ".") parts.push_back(text.substr(0, slash));
      text.remove_prefix(std::min(slash + 1, text.size()));
    }
    todo.insert(todo.begin(), parts.begin(), parts.end());
  };
  push_front(path);
  std::string real;
  int links = 0;
  while (!todo.empty()) {
    const std::string part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") {
      real.resize(real.find('/') == real.npos ? 0 : real.rfind('/'));
      continue;
    }
    const size_t parent = real.size();
    if (!real.empty()) real += '/';
    real += part;
    if (todo.empty() && !follow_last) break;
    const Found found = follow_hardlinks(layers_, find(layers_, layers_.size(), real));
    if (!found.entry || found.entry->type != Type::Symlink) continue;
    if (++links > kMaxLinks)
      throw Error("too many symbolic links in a row", "/" + std::string(path),
                  "one of them points to itself, in the end");
    real.resize(found.entry->link.view().starts_with('/') ? 0 : parent);
    push_front(found.entry->link);
  }
  return real;
}

std::vector<std::string> View::children(std::string_view path) const {
  const size_t prefix = path.empty() ? 0 : path.size() + 1;
  std::map<std::string_view, bool>
      names;  // whether each exists, as the topmost layer that has a say decides
  for (size_t i = layers_.size(); i-- > 0;) {
    const InLayer answer = ask(*layers_[i], path);
    Range rest = answer.below;
    while (!rest.empty()) {
      const std::string_view first = rest.front().path;
      const std::string_view child = first.substr(0, first.find('/', prefix));
      const Range mine = part_of(rest, child);
      const std::string_view name = child.substr(prefix);
      const bool whiteout = first == child && rest.front().type == Type::Whiteout;
      if (holds_anything(mine))
        names.emplace(name, true);
      else if (whiteout)
        names.emplace(name, false);
      rest = rest.subspan(mine.size());
    }
    if (answer.last) break;
  }
  std::vector<std::string> out;
  for (const auto& [name, exists] : names)
    if (exists) out.emplace_back(name);
  return out;
}

Tree View::flatten(std::string_view path) const {
  Flattener flattener(layers_);
  const Found found = find(layers_, layers_.size(), path);
  if (!found.exists) return Tree();
  if (found.entry || !path.empty()) flattener.root_of_selection(found, path);
  if (found.entry && found.entry->type != Type::Dir) return flattener.finish();
  flattener.set_depth(path);
  std::vector<Flattener::Part> parts;
  for (size_t i = layers_.size(); i-- > 0;) {
    const InLayer answer = ask(*layers_[i], path);
    parts.push_back({answer.below, i});
    if (answer.last) break;
  }
  flattener.directory(std::move(parts));
  return flattener.finish();
}

std::vector<size_t> View::layers_of(std::string_view dir) const {
  std::vector<size_t> found;
  for (size_t i = layers_.size(); i-- > 0;) {
    const InLayer answer = ask(*layers_[i], dir);
    if (answer.entry && answer.entry->type != Type::Dir) break;
    if (answer.entry || !answer.below.empty()) found.push_back(i);
    if (answer.last) break;
  }
  std::ranges::reverse(found);
  return found;
}

std::shared_ptr<const Tree> View::whole() const {
  const auto is_plain = [](const Entry& entry) {
    return entry.type != Type::Whiteout && entry.type != Type::Hardlink && !entry.opaque;
  };
  if (layers_.size() == 1 && layers_[0]->find("") &&
      std::ranges::all_of(layers_[0]->entries(), is_plain))
    return layers_[0];
  return std::make_shared<const Tree>(flatten());
}

}  // namespace slipway::tree

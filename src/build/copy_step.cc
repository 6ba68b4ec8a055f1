// COPY and ADD: a key from the content of what is picked, a layer from placing it. No file is written here.
#include <fcntl.h>

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "build/step_runner.h"
#include "graph/definition.h"
#include "os/fd.h"
#include "os/fs.h"
#include "source/archive.h"
#include "source/hash_files.h"

namespace slipway::build {
namespace {

/// Content of a list of picks as one digest: names and trees, in order.
std::string digest_of(const std::vector<tree::Pick>& picks) {
  hash::Sha256 hasher;
  for (const auto& pick : picks) {
    hasher.update(fmt::format("{}:{} ", pick.path.size(), pick.path));
    hasher.update(tree::tree_digest(*pick.files).hex());
  }
  return hasher.finish_hex();
}

/// The key under which the content of what `source` picks is noted, for the key of the step it picks from.
std::function<std::string(const std::string&)> content_key(const graph::Copy& copy, const graph::Copy::Source& source) {
  return [&](const std::string& source_key) {
    plan::Key key("content");
    key.add("of", source_key).add("path", source.path).add("parents", copy.parents ? "yes" : "no");
    for (const auto& pattern : copy.excludes) key.add("exclude", pattern);
    return key.hex();
  };
}

tree::Pick inline_pick(const graph::InlineFile& file) {
  tree::Entry entry{.path = "", .type = tree::Type::File, .mode = 0644};
  entry.size = file.bytes.size();
  entry.mtime_ns = tree::kNeutralTime * 1'000'000'000;
  entry.content.bytes = file.bytes;
  hash::Sha256 hasher;
  hasher.update(file.bytes);
  entry.content.digest = hasher.finish();
  return {.path = file.name, .ways = {}, .is_archive = false, .files = std::make_shared<const tree::Tree>(std::vector{std::move(entry)})};
}

}  // namespace

// Every source's picks, with digests. The inputs' files must be within reach.
std::vector<std::vector<tree::Pick>> StepRunner::pick_sources(Id id) {
  const auto& copy = *graph_.steps[id].as<graph::Copy>();
  const auto excludes = dockerfile::IgnoreFile::from_patterns(copy.excludes);
  std::vector<std::vector<tree::Pick>> out;
  for (const auto& source : copy.sources) {
    const Stack& stack = results_[source.input].stack;
    const tree::View view = layers_.view_files(stack, progress_of(id));
    std::vector<tree::Pick> picks;
    if (source.is_download) {
      const tree::Entry& file = stack.front().tree->entries().front();
      tree::Entry root = file;
      root.path.clear();
      picks.push_back({.path = file.path, .ways = {}, .is_archive = false, .files = std::make_shared<const tree::Tree>(std::vector{std::move(root)})});
    } else {
      try {
        picks = tree::pick(view, source.path, copy.parents, excludes);
      } catch (Error& e) {
        if (copy.from_context) {
          const auto* files = graph_.steps[source.input].as<graph::ContextFiles>();
          const auto& context = graph_.contexts[files->context];
          const bool ignored = os::exists(os::join_path(context.dir, source.path));
          e.hint(ignored ? fmt::format("{} is there, but .dockerignore excludes it", source.path)
                         : fmt::format("paths are relative to the build context {}", context.dir));
        }
        throw;
      }
    }
    for (auto& pick : picks) pick.files = source::with_digests(std::move(pick.files), options_.threads, stop_);
    out.push_back(std::move(picks));
  }
  return out;
}

// The content digest of each source; nullopt while some stage's files would be needed and are not there.
std::optional<std::vector<std::string>> StepRunner::content_of(Id id) {
  const auto& copy = *graph_.steps[id].as<graph::Copy>();
  std::vector<std::string> digests, memo_keys;
  bool all_known = true;
  for (const auto& source : copy.sources) {
    const auto& input = graph_.steps[source.input];
    const bool is_stage = !input.as<graph::ContextFiles>() && !input.as<graph::Download>();
    std::string memo;
    if (is_stage) {
      const KeyOf key_of = content_key(copy, source);
      memo = key_of(results_[source.input].key);
      if (auto known = noted(source.input, key_of)) {
        digests.push_back(std::move(*known));
        memo_keys.push_back(memo);
        continue;
      }
      if (!results_[source.input].is_done) return std::nullopt;
    }
    digests.emplace_back();
    memo_keys.push_back(std::move(memo));
    all_known = false;
  }
  if (all_known) return digests;
  for (const auto& source : copy.sources)
    if (!results_[source.input].is_done) return std::nullopt;
  auto& picks = results_[id].picks;
  picks = pick_sources(id);
  for (size_t i = 0; i < digests.size(); ++i) {
    if (!digests[i].empty()) continue;
    digests[i] = digest_of(picks[i]);
    if (memo_keys[i].empty()) continue;
    store_.put_record(memo_keys[i], digests[i], {{"kind", "content"}});
    note(copy.sources[i].input, content_key(copy, copy.sources[i]), digests[i]);
  }
  return digests;
}

seams::Resolution StepRunner::resolve_copy(Id id) {
  const graph::Step& step = graph_.steps[id];
  for (const auto& source : step.as<graph::Copy>()->sources)
    if (!results_[source.input].is_done && graph_.steps[source.input].as<graph::ContextFiles>())
      return seams::Resolution::NeedsInputs;
  // Picking needs the files of all sources: a known digest of one does not help if another is missing.
  const auto digests = content_of(id);
  if (!digests) return seams::Resolution::NeedsInputs;
  plan::Key key("copy"), saved("copy");
  key.add("parent", results_[*step.parent].key).add(graph::definition(step));
  saved.add("parent", results_[*step.parent].saved_key).add(graph::definition(step));
  for (size_t i = 0; i < digests->size(); ++i) {
    key.add(fmt::format("content {}", i), (*digests)[i]);
    saved.add(fmt::format("content {}", i), (*digests)[i]);
  }
  if (const auto& copy = *step.as<graph::Copy>(); keeps_times(copy))
    for (const auto& source : copy.sources) {
      key.add("times of", results_[source.input].key);
      saved.add("times of", results_[source.input].key);
    }
  const auto resolution = look_up(id, std::move(key), std::move(saved));
  if (resolution == seams::Resolution::Miss) note_picks(id, *digests);
  return resolution;
}

tree::Owner StepRunner::owner_of(Id id, const std::string& text) {
  const graph::Step& step = graph_.steps[id];
  std::string passwd, group;
  if (tree::needs_names(text)) {
    const Stack& stack = results_[*step.parent].stack;
    tree::View view = layers_.view(stack, progress_of(id));
    const auto read = [&](const std::string& path) -> std::string {
      auto entry = view.lookup(view.resolve(path));
      if (!entry || entry->type != tree::Type::File) return {};
      if (entry->content.bytes.empty() && entry->content.disk_path.empty() && entry->size > 0)
        entry = layers_.view_files(stack, progress_of(id)).lookup(view.resolve(path));
      return entry->content.disk_path.empty() ? entry->content.bytes.str() : os::read_file(entry->content.disk_path);
    };
    passwd = read("etc/passwd");
    group = read("etc/group");
  }
  const auto resolved = tree::resolve_owner(text, passwd, group);
  for (const auto& name : resolved.unknown)
    observer_.on_warning(fmt::format("the image knows no user or group \"{}\": the files belong to id 0", name), step.location);
  return resolved.owner;
}

// ADD of an archive: its entries, to be placed below the destination. False if the file is no archive.
bool StepRunner::unpack_archive(Id id, const tree::Pick& pick, std::vector<tree::Entry>& entries) {
  if (pick.is_dir() || pick.top().type != tree::Type::File) return false;
  const tree::Content& content = pick.top().content;
  if (content.disk_path.empty()) return false;
  const os::UniqueFd fd = os::open_file(content.disk_path, O_RDONLY);
  source::ArchiveOptions options;
  options.single_id = options_.single_id;
  options.stop = stop_;
  options.progress = [&](const std::string&, uint64_t done, uint64_t total) {
    observer_.on_progress(id, "extracting " + pick.path, done, total);
  };
  std::optional<source::Snapshot> unpacked;
  try {
    unpacked = source::unpack_archive(store_, fd.get(), *content.digest, options);
  } catch (Error& e) {
    throw e.while_doing(fmt::format("while extracting {}", pick.path));
  }
  if (!unpacked) return false;
  for (auto entry : unpacked->files->entries()) {
    if (entry.path.empty()) continue;
    entries.push_back(std::move(entry));
  }
  return true;
}

// True if the times of what is copied say something that is the same tomorrow: those of a commit, when that was asked for.
bool StepRunner::keeps_times(const graph::Copy& copy) const {
  return !copy.sources.empty() && std::ranges::all_of(copy.sources, [&](const auto& source) {
    const graph::Step& step = graph_.steps[source.input];
    const auto* git = step.template as<graph::GitCheckout>();
    const auto* context = step.template as<graph::Snapshot>();
    return (git && git->url.commit_times) || (context && context->keeps_times);
  });
}

void StepRunner::execute_copy(Id id) {
  const graph::Step& step = graph_.steps[id];
  const auto& copy = *step.as<graph::Copy>();
  auto picks = std::move(results_[id].picks);
  if (picks.empty() && !copy.sources.empty()) picks = pick_sources(id);

  tree::Placement how;
  how.dest = copy.dest;
  how.as_directory = copy.parents;
  how.follow_links = !copy.link || !copy.chmod.empty();
  if (!copy.chown.empty()) how.owner = owner_of(id, copy.chown);
  if (!copy.chmod.empty()) how.mode = tree::ModeChange::parse(copy.chmod);

  std::vector<tree::Pick> all;
  bool has_archive = false;
  for (size_t i = 0; i < picks.size(); ++i)
    for (auto& pick : picks[i]) {
      std::vector<tree::Entry> entries;
      if (copy.sources[i].unpack && unpack_archive(id, pick, entries)) {
        has_archive = true;
        entries.push_back({.path = "", .type = tree::Type::Dir, .mode = 0755});
        tree::Tree files = source::with_digests(tree::Tree(std::move(entries)), options_.threads, stop_);
        all.push_back({.path = pick.path,
                       .ways = {},
                       .is_archive = true,
                       .files = std::make_shared<const tree::Tree>(std::move(files))});
        continue;
      }
      all.push_back(std::move(pick));
    }
  for (const auto& file : copy.files) all.push_back(inline_pick(file));

  // A layer of --link says nothing about what is below it.
  const tree::View parent =
      how.follow_links ? layers_.view(results_[*step.parent].stack, progress_of(id)) : tree::View({});
  // Archives keep their times; everything else is new, and times of context files must not reach any byte.
  auto placed = std::make_shared<const tree::Tree>(tree::place(parent, std::move(all), how));
  const bool keeps = has_archive || keeps_times(copy);
  const std::string layer_id =
      keeps ? "archive-copy:" + results_[id].saved_key : "tree:" + tree::tree_digest(*placed).hex();
  finish(id, {.id = layer_id,
              .tree = std::move(placed),
              .flatten_times = !keeps});
  observer_.on_finished(id, seams::StepState::Done, {}, "");
}

}  // namespace slipway::build

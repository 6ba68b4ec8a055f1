// What steps leave for questions that come later (`slipway why`): the parts of their keys, and which
// files stood behind a content that the cache did not know.
#include <fmt/core.h>

#include "build/step_runner.h"
#include "record/listing.h"
#include "source/hash_files.h"

namespace slipway::build {
namespace {

std::string_view type_of(tree::Type type) {
  switch (type) {
    case tree::Type::File:
      return "f";
    case tree::Type::Dir:
      return "d";
    case tree::Type::Symlink:
      return "l";
    case tree::Type::Hardlink:
      return "h";
    case tree::Type::Fifo:
      return "p";
    case tree::Type::CharDevice:
      return "c";
    case tree::Type::BlockDevice:
      return "b";
    case tree::Type::Whiteout:
      return "w";
  }
  return "f";
}

void list(record::ListingWriter& to, const std::string& base, const tree::Tree& files) {
  for (const auto& entry : files.entries()) {
    std::string path = base;
    if (!path.empty() && !entry.path.empty()) path += "/";
    path += entry.path;
    if (path.empty()) continue;
    const std::string content =
        entry.content.digest ? oci::Digest::from_sum(*entry.content.digest).hex()
        : entry.link.empty() ? std::string("-")
                             : oci::Digest::of(entry.link).hex();
    to.add(path, type_of(entry.type), entry.mode, content);
  }
}

}  // namespace

void StepRunner::note_key(Id id) {
  const graph::Step& step = graph_.steps[id];
  seams::StepKey key;
  key.key = results_[id].saved_key;
  key.parts = results_[id].parts.parts();
  key.ignores_cache = step.no_cache;
  if (const auto* copy = step.as<graph::Copy>()) key.reads_context = copy->from_context;
  observer_.on_key(id, key);
}

void StepRunner::note_picks(Id id, const std::vector<std::string>& contents) {
  const auto& picks = results_[id].picks;
  for (size_t i = 0; i < picks.size() && i < contents.size(); ++i) {
    record::ListingWriter listing;
    for (const auto& pick : picks[i]) list(listing, pick.path, *pick.files);
    if (const std::string text = listing.text(); !text.empty())
      observer_.on_files(contents[i], text);
  }
}

void StepRunner::note_mounts(Id id) {
  for (const auto& mount : graph_.steps[id].as<graph::Run>()->mounts) {
    if (!mount.from || mount.type != dockerfile::Mount::Type::Bind) continue;
    if (!graph_.steps[*mount.from].as<graph::ContextFiles>()) continue;
    const tree::View view = layers_.view_files(results_[*mount.from].stack, {});
    const std::string real = view.resolve(mount.source);
    const tree::Tree files = source::with_digests(view.flatten(real), options_.threads, stop_);
    record::ListingWriter listing;
    list(listing, "", files);
    if (const std::string text = listing.text(); !text.empty())
      observer_.on_files(tree::tree_digest(files).hex(), text);
  }
}

}  // namespace slipway::build

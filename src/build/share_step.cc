// Neutral steps (graph/neutral.h): the layer that a RUN has left for one platform is taken for
// another one, if nothing speaks against it. Nothing is believed that can be looked at: the two
// steps must have been given the same, and the layer must hold no machine code and touch no file
// that the platforms do not have in common.
#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/error.h"
#include "build/step_runner.h"
#include "graph/definition.h"
#include "json/json.h"
#include "os/fd.h"
#include "os/fs.h"
#include "verify/code.h"

namespace slipway::build {
namespace {

using Why = std::optional<std::string>;

/// Whether a path is the same file in two trees. Contents that nobody has read are not the same.
bool is_same(const tree::Entry& a, const tree::Entry& b) {
  const auto attributes = [](const tree::Entry& e) {
    return std::tie(e.type, e.mode, e.uid, e.gid, e.link, e.device_major, e.device_minor, e.xattrs);
  };
  if (attributes(a) != attributes(b)) return false;
  if (a.type != tree::Type::File || (a.size == 0 && b.size == 0)) return true;
  return a.size == b.size && a.content.digest && a.content.digest == b.content.digest;
}

/// The first path of `layer` where it meets files that two stages do not have in common.
Why touched(const tree::Tree& layer, const tree::View& ours, const tree::View& theirs) {
  for (const auto& entry : layer.entries()) {
    const auto a = ours.lookup(entry.path), b = theirs.lookup(entry.path);
    if (!a && !b) continue;
    const bool joins =
        entry.type == tree::Type::Dir && !entry.opaque;  // what was in the directory stays
    if (a && b && is_same(*a, *b) && (!joins || a->type == tree::Type::Dir)) continue;
    return fmt::format("it {} /{}, which the platforms do not have in common",
                       entry.type == tree::Type::Whiteout ? "deletes"
                       : joins                            ? "writes below"
                                                          : "replaces",
                       entry.path);
  }
  return std::nullopt;
}

/// Archives of object files, which an image does not run and verify/ therefore does not name.
Why object_archive(const tree::Tree& files) {
  for (const auto& entry : files.entries()) {
    if (entry.type != tree::Type::File || !entry.path.ends_with(".a") ||
        entry.content.disk_path.empty())
      continue;
    const os::UniqueFd fd = os::open_file(entry.content.disk_path, O_RDONLY | O_NOFOLLOW);
    std::array<uint8_t, 8> head{};
    constexpr std::array<uint8_t, 8> kMagic = {'!', '<', 'a', 'r', 'c', 'h', '>', '\n'};
    if (os::read_some(fd.get(), head) == head.size() && head == kMagic)
      return fmt::format("/{} is an archive of object files", entry.path);
  }
  return std::nullopt;
}

Why machine_code(const verify::Facts& facts) {
  if (!facts.code.empty())
    return fmt::format("/{} is {}", facts.code.begin()->first,
                       verify::describe(facts.code.begin()->second));
  if (!facts.archives.empty())
    return fmt::format("/{} has machine code in it", facts.archives.begin()->first);
  if (!facts.unread.empty())
    return fmt::format("/{} is too large to be looked into", facts.unread.front());
  return std::nullopt;
}

/// Packages that npm would install on some machines only, by what a lock file says. One that does
/// not say counts as well.
Why chosen_packages(const std::string& text, const std::string& path) {
  const json::Value lock = json::parse(text, path);
  const json::Value* const packages = json::find(lock, "packages");
  if (!packages || !packages->is_object())
    return fmt::format("/{} does not say which machines its packages are for", path);
  for (const auto& [name, package] : packages->items())
    if (json::find(package, "cpu") || json::find(package, "libc"))
      return fmt::format("/{} has {} for some machines only", path, name);
  return std::nullopt;
}

/// What two steps were given, but for the platform.
Why given(const graph::Parts& ours, const graph::Parts& theirs,
          const oci::Platform& their_platform) {
  std::map<std::string, std::string> a(ours.begin(), ours.end()), b(theirs.begin(), theirs.end());
  for (auto* parts : {&a, &b})
    std::erase_if(*parts, [](const auto& part) {
      return part.first == "platform" || part.first == "parent" || part.first == "same as";
    });
  for (const auto& [label, value] : a) {
    const auto it = b.find(label);
    if (it == b.end() || it->second != value)
      return fmt::format("its {} is not the same as for {}",
                         label.starts_with("env ") ? "variable " + label.substr(4) : label,
                         their_platform.str());
  }
  for (const auto& [label, value] : b)
    if (!a.contains(label))
      return fmt::format("only the step for {} has {}", their_platform.str(), label);
  return std::nullopt;
}

}  // namespace

// Known commands read the files of their stage: those that the Dockerfile put there must be the
// same.
Why StepRunner::other_inputs(Id id) {
  const graph::Step& step = graph_.steps[id];
  const auto own_layers = [&](const graph::Step& of) {
    std::vector<std::string> out;
    for (const auto& layer : results_[*of.parent].stack)
      if (!layer.base) out.push_back(layer.id);
    return out;
  };
  if (own_layers(step) != own_layers(graph_.steps[*step.same_as]))
    return "the layers below it are not the same for both platforms";
  const auto& run = *step.as<graph::Run>();
  if (std::ranges::none_of(run.argv, [](const auto& word) {
        return word == "npm" || word.find("npm ci") != word.npos;
      }))
    return std::nullopt;
  const tree::View files = layers_.view_files(results_[*step.parent].stack, progress_of(id));
  for (const std::string name : {"npm-shrinkwrap.json", "package-lock.json"}) {
    const std::string path = files.resolve(os::join_path(run.cwd, name).substr(1));
    const auto entry = files.lookup(path);
    if (!entry || entry->type != tree::Type::File) continue;
    const std::string text = entry->content.disk_path.empty()
                                 ? std::string(std::string_view(entry->content.bytes))
                                 : os::read_file(entry->content.disk_path);
    return chosen_packages(text, path);
  }
  return "no lock file says which packages it installs";
}

// Why the layer of step.same_as may not stand for this step's; nullopt if it may.
Why StepRunner::unlike(Id id) {
  const graph::Step& step = graph_.steps[id];
  const graph::Step& other = graph_.steps[*step.same_as];
  if (auto why =
          given(results_[id].parts.parts(), results_[*step.same_as].parts.parts(), other.platform))
    return why;
  if (step.as<graph::Run>()->neutral == graph::Neutral::Known)
    if (auto why = other_inputs(id)) return why;
  const LayerRef& layer = results_[*step.same_as].stack.back();
  const auto progress = progress_of(id);
  if (auto why = machine_code(*layers_.facts(layer, progress))) return why;
  const auto listing = layers_.listing(layer, progress);
  if (listing->empty()) return std::nullopt;
  if (auto why = object_archive(*layers_.files(layer, progress))) return why;
  return touched(*listing, layers_.view(results_[*step.parent].stack, progress),
                 layers_.view(results_[*other.parent].stack, progress));
}

// True if the step is done with the layer of another platform's. Otherwise `why_not` says why, if
// it is a neutral step.
bool StepRunner::take_shared(Id id, std::string& why_not) {
  const graph::Step& step = graph_.steps[id];
  if (!step.same_as) return false;
  const graph::Step& other = graph_.steps[*step.same_as];
  const bool is_declared = step.as<graph::Run>()->neutral == graph::Neutral::Declared;
  if (const auto why = unlike(id)) {
    why_not = fmt::format("not shared with {}: {}", other.name, *why);
    if (is_declared)
      observer_.on_warning(fmt::format("{} is declared neutral, yet it ran for {} as well: {}",
                                       step.name, step.platform.str(), *why),
                           step.location);
    return false;
  }
  finish(id, LayerRef(results_[*step.same_as].stack.back()));
  seams::StepCost cost;
  cost.shared_with = other.name;
  cost.note =
      is_declared
          ? "the Dockerfile declares it neutral, and its layer holds no machine code"
          : "the command is known not to ask for the platform, and its layer holds no machine code";
  observer_.on_output(id, fmt::format("shared with {}: {}\n", cost.shared_with, cost.note), false);
  observer_.on_finished(id, seams::StepState::Done, cost, "");
  return true;
}

}  // namespace slipway::build

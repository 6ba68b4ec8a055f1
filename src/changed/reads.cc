#include "changed/reads.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "build/job.h"
#include "dockerfile/parse.h"
#include "graph/definition.h"
#include "graph/lower.h"
#include "image/config.h"
#include "os/fs.h"

namespace slipway::changed {
namespace {

/// Base images of which only the name is known. What they set (ENV, ONBUILD) is taken as empty.
class NamesOnly : public graph::Resolver {
 public:
  graph::ResolvedImage image(const std::string& name, const oci::Platform& platform) override {
    graph::ResolvedImage out;
    out.image.reference = name;
    out.image.manifest = oci::Digest::of(name);
    out.config.platform = platform;
    return out;
  }
};

/// Numbers of the steps that the targets need, in order.
std::map<graph::StepId, size_t> needed(const graph::Graph& graph) {
  std::set<graph::StepId> seen;
  std::vector<graph::StepId> open;
  for (const auto& target : graph.targets) open.push_back(target.files);
  while (!open.empty()) {
    const auto id = open.back();
    open.pop_back();
    if (!seen.insert(id).second) continue;
    const auto inputs = graph.steps[id].inputs();
    open.insert(open.end(), inputs.begin(), inputs.end());
  }
  std::map<graph::StepId, size_t> out;
  for (const auto id : seen) out.emplace(id, out.size());
  return out;
}

std::string text_of(const graph::Graph& graph, graph::StepId id, const std::map<graph::StepId, size_t>& numbers) {
  const graph::Step& step = graph.steps[id];
  std::string out = step.platform.str() + "\n";
  for (const auto& [label, value] : graph::definition(step)) {
    if (label != "context") out += fmt::format("{}={}:{}\n", label, value.size(), value);
  }
  if (const auto* image = step.as<graph::BaseImage>()) out += image->reference;
  if (const auto* files = step.as<graph::ContextFiles>()) out += graph.contexts[files->context].name + " " + graph.contexts[files->context].dir;
  for (const auto input : step.inputs()) out += fmt::format("\ninput {}", numbers.at(input));
  return out;
}

/// "**" stands for any number of elements.
bool match_parts(const std::vector<std::string>& pattern, size_t i, const std::vector<std::string>& path, size_t k) {
  if (i == pattern.size()) return true;  // the rest of the path is below what matched
  if (pattern[i] == "**") {
    for (size_t next = k; next <= path.size(); ++next)
      if (match_parts(pattern, i + 1, path, next)) return true;
    return false;
  }
  return k < path.size() && dockerfile::match_wildcard(pattern[i], path[k]) && match_parts(pattern, i + 1, path, k + 1);
}

bool is_below(const std::string& path, const std::string& dir) {
  return dir.empty() || path == dir || path.starts_with(dir + "/");
}

/// The pattern where links on its way lead, inside the context.
std::string behind_links(const std::string& pattern, const std::string& dir) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const std::string top = fs::weakly_canonical(dir, failed).string();
  const std::string real = fs::weakly_canonical(os::join_path(dir, pattern), failed).string();
  return is_below(real, top) && real != top ? real.substr(top.size() + 1) : pattern;
}

bool concerns_pattern(const Source& source, std::string pattern, const std::string& path) {
  size_t root = 0;  // of --parents: what is in front of the pivot
  if (source.with_parents) {
    const size_t pivot = ("/" + pattern).find("/./");
    if (pivot != pattern.npos) {
      root = pivot == 0 ? 0 : pivot;
      pattern = pattern.substr(0, pivot) + pattern.substr(pivot + (pivot == 0 ? 2 : 2));
    }
  }
  pattern = dockerfile::clean_path(pattern);
  if (pattern == ".") pattern.clear();
  if (pattern.empty() && source.excludes.empty()) return true;
  const auto excluded = [&](size_t picked) {
    if (source.excludes.empty() || picked >= path.size()) return false;
    return source.excludes.excludes(std::string_view(path).substr(picked ? picked + 1 : 0));
  };
  if (!dockerfile::has_wildcard(pattern)) {
    if (pattern.starts_with(path + "/")) return true;  // a link or directory on the way
    return is_below(path, pattern) && !excluded(source.with_parents ? root : pattern.size());
  }
  const auto parts = split(pattern, '/'), names = split(path, '/');
  if (source.with_parents) return match_parts(parts, 0, names, 0) && !excluded(root);
  if (names.size() < parts.size()) return false;
  size_t length = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!dockerfile::match_wildcard(parts[i], names[i])) return false;
    length += names[i].size() + (i > 0);
  }
  return !excluded(length);
}

}  // namespace

Reads reads_of(const build::BuildRequest& request, const std::string& dockerfile, const std::string& name) {
  build::Inputs inputs;
  inputs.dockerfile_text = dockerfile;
  inputs.dockerfile_name = name;
  if (os::is_directory(request.context)) inputs.context_dir = os::absolute_path(request.context);
  else inputs.context_snapshot = source::Snapshot{.id = "elsewhere"};
  graph::Request wanted = build::graph_request(request, inputs);
  wanted.created = image::rfc3339(0);
  wanted.allow_insecure = wanted.allow_host_network = true;
  NamesOnly images;
  const auto file = dockerfile::parse(dockerfile, name);
  const graph::Graph graph = graph::lower(file, wanted, images);

  Reads out;
  const auto numbers = needed(graph);
  for (const auto& context : graph.contexts) out.contexts.push_back({.name = context.name, .dir = context.dir, .sources = {}});
  const auto read = [&](graph::StepId input, Source source) {
    if (const auto* files = graph.steps[input].as<graph::ContextFiles>()) out.contexts[files->context].sources.push_back(std::move(source));
  };
  for (const auto& [id, number] : numbers) {
    const graph::Step& step = graph.steps[id];
    out.steps.push_back({.text = text_of(graph, id, numbers), .location = step.location});
    if (const auto* copy = step.as<graph::Copy>())
      for (const auto& source : copy->sources)
        read(source.input, {.pattern = source.path,
                            .with_parents = copy->parents,
                            .excludes = dockerfile::IgnoreFile::from_patterns(copy->excludes),
                            .location = step.location});
    if (const auto* run = step.as<graph::Run>())
      for (const auto& mount : run->mounts)
        if (mount.from) read(*mount.from, {.pattern = mount.source, .location = step.location});
  }
  for (const auto& target : graph.targets) out.configs += target.platform.str() + image::print(target.config) + "\n";
  return out;
}

bool concerns(const Source& source, const std::string& dir, const std::string& path) {
  if (concerns_pattern(source, source.pattern, path)) return true;
  if (source.pattern.empty() || dockerfile::has_wildcard(source.pattern)) return false;
  const std::string real = behind_links(source.pattern, dir);
  return real != source.pattern && concerns_pattern(source, real, path);
}

}  // namespace slipway::changed

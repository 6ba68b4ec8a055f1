#include "graph/definition.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"

namespace slipway::graph {
namespace {

// Words are length-prefixed so that no two lists print alike.
std::string pack(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += fmt::format("{}:{} ", word.size(), word);
  return out;
}

std::string describe(const Mount& m) {
  return fmt::format("type={} source={} target={} id={} sharing={} ro={} required={} env={} mode={:o} uid={} gid={} size={}",
                     dockerfile::to_string(m.type), m.source, m.target, m.id, dockerfile::to_string(m.sharing), m.read_only,
                     m.required, m.env.value_or("\x01"), m.mode, m.uid, m.gid, m.size);
}

struct Describe {
  Parts& parts;
  const Step& step;

  void add(std::string label, std::string value) const { parts.emplace_back(std::move(label), std::move(value)); }

  void operator()(const Scratch&) const { add("kind", "scratch"); }
  void operator()(const BaseImage& image) const {
    add("kind", "image");
    std::string layers;
    for (const auto& id : image.diff_ids) layers += id.hex() + " ";
    add("layers", layers);
  }
  void operator()(const ContextFiles& context) const {
    add("kind", "context");
    add("context", fmt::format("{}", context.context));
  }
  void operator()(const Download& download) const {
    add("kind", "download");
    add("url", download.url);
    add("checksum", download.checksum);
    add("name", download.name);
  }
  void operator()(const GitCheckout& git) const {
    add("kind", "git");
    add("remote", git.url.remote);
    add("ref", git.url.ref);
    add("subdir", git.url.subdir);
    add("checksum", git.url.checksum);
    add("options", fmt::format("git directory={} submodules={} times={} by commit={}", git.keep_git_dir,
                               git.url.submodules.value_or(true), git.url.commit_times, git.url.fetch_by_commit));
  }
  void operator()(const Snapshot& snapshot) const {
    add("kind", "snapshot");
    add("id", snapshot.id);
  }
  void operator()(const Copy& copy) const {
    add("kind", "copy");
    for (size_t i = 0; i < copy.sources.size(); ++i) add(fmt::format("source {}", i), (copy.sources[i].unpack ? "unpack " : "") + copy.sources[i].path);
    for (size_t i = 0; i < copy.files.size(); ++i)
      add(fmt::format("file {}", i), pack({copy.files[i].name, copy.files[i].bytes}));
    add("destination", copy.dest);
    add("owner", copy.chown);
    add("mode", copy.chmod);
    add("options", fmt::format("link={} parents={}", copy.link, copy.parents));
    add("excludes", pack(copy.excludes));
  }
  void operator()(const MakeDir& dir) const {
    add("kind", "workdir");
    add("path", dir.path);
    add("owner", dir.owner);
  }
  void operator()(const Run& run) const {
    add("kind", "run");
    add("command", pack(run.argv));
    // Order of variables does not reach a process in a way that matters; sorted, it cannot cause a miss.
    std::vector<std::string> env = run.env;
    std::sort(env.begin(), env.end());
    for (const auto& pair : env) {
      const size_t eq = pair.find('=');
      add("env " + pair.substr(0, eq), eq == pair.npos ? "" : pair.substr(eq + 1));
    }
    add("directory", run.cwd);
    add("user", run.user);
    add("network", run.network);
    add("security", run.insecure ? "insecure" : "sandbox");
    for (size_t i = 0; i < run.mounts.size(); ++i) add(fmt::format("mount {}", i), describe(run.mounts[i]));
    for (const auto& script : run.scripts) add("script " + script.name, script.bytes);
    add("platform", step.platform.str());
  }
};

}  // namespace

std::vector<StepId> Step::inputs() const {
  std::vector<StepId> out;
  const auto add = [&](StepId id) {
    if (std::find(out.begin(), out.end(), id) == out.end()) out.push_back(id);
  };
  if (parent) add(*parent);
  if (const auto* copy = as<Copy>())
    for (const auto& source : copy->sources) add(source.input);
  if (const auto* run = as<Run>())
    for (const auto& mount : run->mounts)
      if (mount.from) add(*mount.from);
  if (same_as) add(*same_as);
  return out;
}

Parts definition(const Step& step) {
  Parts parts;
  std::visit(Describe{parts, step}, step.op);
  return parts;
}

std::string identity(const Step& step) {
  std::string out = step.parent ? fmt::format("parent {}\n", *step.parent) : "";
  for (const auto& [label, value] : definition(step)) out += fmt::format("{}={}:{}\n", label, value.size(), value);
  for (const StepId id : step.inputs()) out += fmt::format("input {}\n", id);
  if (const auto* copy = step.as<Copy>())
    for (const auto& source : copy->sources) out += fmt::format("from {}\n", source.input);
  if (const auto* run = step.as<Run>())
    for (const auto& mount : run->mounts) out += mount.from ? fmt::format("from {}\n", *mount.from) : "from -\n";
  if (step.no_cache) out += "no cache " + step.stage + "\n";
  return out;
}

}  // namespace slipway::graph

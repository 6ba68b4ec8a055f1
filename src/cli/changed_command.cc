// `slipway changed`: which builds of a repository a change concerns.
#include <fmt/core.h>

#include <algorithm>

#include "bake/print.h"
#include "base/error.h"
#include "base/text.h"
#include "changed/affected.h"
#include "cli/bake_files.h"
#include "cli/bake_request.h"
#include "cli/build_request.h"
#include "cli/handlers.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

bool is_bake_file(const std::string& path) {
  const std::string name = to_lower(os::base_name(path));
  return name.ends_with(".hcl") || name.ends_with(".json") || name.ends_with(".yml") || name.ends_with(".yaml");
}

bool is_dockerfile(const std::string& path) {
  const std::string name = to_lower(os::base_name(path));
  if (name.ends_with(".dockerignore")) return false;
  return name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile") || name == "containerfile";
}

/// The files as they were; empty if one of them was not there, or could not be understood.
std::optional<bake::Project> project_before(const changed::Repository& repository, const std::vector<std::string>& files,
                                            const ParsedArgs& args, const Io& io) {
  std::vector<bake::Text> texts;
  for (const auto& file : files) {
    const auto path = repository.path_of(file);
    if (!path) return std::nullopt;
    if (!repository.changes().contains(*path)) texts.push_back({file, os::read_file(file)});
    else if (const auto text = repository.before(*path)) texts.push_back({file, *text});
  }
  try {
    return bake::load(texts, bake_options(args, io));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<std::string> names_of(const bake::Project& project, const ParsedArgs& args) {
  if (args.is_set("target")) return args.list("target");
  const auto is_default = [](const auto& one) { return one.name == "default"; };
  if (std::ranges::any_of(project.groups, is_default) || std::ranges::any_of(project.targets, is_default)) return {"default"};
  std::vector<std::string> out;
  for (const auto& target : project.targets)
    if (!target.name.starts_with('_')) out.push_back(target.name);
  return out;
}

void add_targets(const changed::Repository& repository, const std::vector<std::string>& files, const ParsedArgs& args, const Io& io,
                 std::vector<changed::Build>& out) {
  const bake::Project now = bake::load(bake_texts(files, io), bake_options(args, io));
  const auto names = names_of(now, args);
  const auto overrides = args.list("set");
  const bake::Plan plan = bake::resolve(now, names, overrides, io.environment);
  const auto then = project_before(repository, files, args, io);
  for (const auto& [name, target] : plan.targets) {
    changed::Build build{.name = name,
                         .request = to_request(target, args, io.environment),
                         .before = {},
                         .differs = {},
                         .bake_files = join(files, ", ")};
    if (then && std::ranges::any_of(then->targets, [&](const auto& old) { return old.name == name; })) {
      try {
        // Linked targets are resolved with what links them.
        const bake::Plan before = bake::resolve(*then, {name}, {}, io.environment);
        const bake::Plan same = bake::resolve(now, {name}, {}, io.environment);
        build.differs = bake::differences(before.targets.at(name), same.targets.at(name));
        build.before = to_request(before.targets.at(name), args, io.environment);
      } catch (const Error&) {
        build.differs = {"it"};
      }
    }
    out.push_back(std::move(build));
  }
}

changed::Build dockerfile_build(const changed::Repository& repository, const std::string& file, const ParsedArgs& args, const Io& io) {
  ParsedArgs build;
  const std::string dir = os::dir_name(file);
  build.arguments = {args.value_or("context", dir.empty() ? "." : dir)};
  build.values["file"] = {file};
  changed::Build out{.name = file, .request = to_request(build, io.environment), .before = {}, .differs = {}, .bake_files = {}};
  const auto path = repository.path_of(file);
  if (path && (!repository.changes().contains(*path) || repository.before(*path))) out.before = out.request;
  return out;
}

}  // namespace

int changed_command(const ParsedArgs& args, const Io& io) {
  const std::string format = format_of(args, {"text", "json"});
  if (!args.is_set("since")) throw Error("it is not said since when", "--since", "name a commit, tag or branch: --since origin/main...");
  const changed::Repository repository(".", args.value_or("since", ""));
  std::vector<std::string> bake_files, dockerfiles;
  for (const auto& file : args.arguments) {
    if (!os::exists(file)) throw Error("there is no such file", file);
    (is_bake_file(file) ? bake_files : dockerfiles).push_back(file);
  }
  if (args.arguments.empty()) {
    for (const auto& name : bake::default_files())
      if (os::exists(name) && !os::is_directory(name)) bake_files.push_back(name);
    if (bake_files.empty())
      for (const auto& path : repository.files())
        if (const std::string file = os::join_path(repository.root(), path); is_dockerfile(path) && os::exists(file)) {
          const auto here = repository.path_of(".").value_or("");
          const bool is_below = here.empty() || path.starts_with(here + "/");
          if (is_below) dockerfiles.push_back(here.empty() ? path : path.substr(here.size() + 1));
        }
    if (bake_files.empty() && dockerfiles.empty())
      throw Error("there is neither a bake file nor a Dockerfile here", {}, "name the files");
  }
  std::vector<changed::Build> builds;
  if (!bake_files.empty()) add_targets(repository, bake_files, args, io, builds);
  for (const auto& file : dockerfiles) builds.push_back(dockerfile_build(repository, file, args, io));
  const auto verdicts = changed::affected(repository, builds);
  io.out(format == "json" ? changed::as_json(verdicts) : changed::as_text(verdicts));
  return 0;
}

}  // namespace slipway::cli

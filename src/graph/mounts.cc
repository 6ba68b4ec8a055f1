// Where files of COPY and of RUN mounts come from, and the mounts themselves.
#include <fmt/core.h>

#include "base/text.h"
#include "dockerfile/mount.h"
#include "graph/lowering.h"
#include "os/fs.h"

namespace slipway::graph {
namespace {

/// A path of a mount's source, without the leading slash.
std::string strip_root(std::string_view path) {
  return os::clean_path(std::string("/").append(path)).substr(1);
}

/// For the outline.
void note(std::vector<dockerfile::Outline::Need>& needs, const Mount& mount,
          const dockerfile::Span& at) {
  needs.push_back({.id = mount.id, .required = mount.required, .span = at});
}

}  // namespace

StepId Lowering::source_named(const std::string& from, StageState& user,
                              const oci::Platform& target, const dockerfile::Span& at) {
  if (const auto index = dockerfile::find_stage(file_, from, file_.stages.size())) {
    if (*index == user.index)
      throw error(at, fmt::format("stage \"{}\" copies from itself", user.label),
                  "name an earlier stage or an image");
    if (*index > user.index)
      throw error(at,
                  fmt::format("stage \"{}\" uses \"{}\", which comes after it: the stages are "
                              "circular or out of order",
                              user.label, from),
                  "a stage can only use what is above it in the file");
    const StageState& source = stage(*index, target, at);
    user.notes.sources.push_back(&source);
    return source.files;
  }
  if (parse_u64(from))
    throw error(at, fmt::format("there is no stage number {}", from),
                fmt::format("stages count from 0; this file has {}", file_.stages.size()));
  if (const auto* context = named_context(request_, from, user.platform)) {
    if (!context->targets.empty()) return target_for(*context, user.platform, at).files;
    if (context->image.empty() || context->image == "scratch") return named_files(from, *context, at);
    return image_files(context->image, user.platform, at);
  }
  if (from == "scratch") {
    throw error(at, "scratch has no files to copy", "name a stage or an image");
  }
  // A misspelt stage name would otherwise end in a registry's "not found".
  std::vector<std::string> names;
  for (const auto& stage : file_.stages)
    if (!stage.name().empty()) names.push_back(stage.name());
  try {
    return image_files(from, user.platform, at);
  } catch (Error& e) {
    if (const auto near = closest(from, names))
      e.hint(fmt::format("did you mean the stage \"{}\"?", *near));
    throw;
  }
}

void Lowering::want(StepId context_step, const std::string& pattern) {
  const auto* files = graph_.steps[context_step].as<ContextFiles>();
  if (!files) return;
  const size_t pivot = pattern.find("/./");
  graph_.contexts[files->context].wanted.insert(
      pivot == pattern.npos ? pattern : pattern.substr(0, pivot) + pattern.substr(pivot + 2));
}

std::vector<dockerfile::Mount> Lowering::resolve_mounts(const StageState& s, const Instruction& in,
                                                        std::vector<dockerfile::Names>& words) {
  std::vector<dockerfile::Mount> out;
  std::vector<Error> wrong;
  for (const auto& spec : in.as<dockerfile::Run>()->mounts) {
    try {
      out.push_back(dockerfile::resolve_mount(spec, args_lookup(s.variables),
                                              file_.directives.escape, &words));
    } catch (Error& e) {
      wrong.push_back(error(dockerfile::span_of(in, spec), e.message(), e.hint()));
    }
  }
  if (!wrong.empty()) throw Several{std::move(wrong)};
  return out;
}

std::vector<Mount> Lowering::lower_mounts(StageState& s, const Instruction& in,
                                          const std::vector<dockerfile::Mount>& resolved,
                                          const oci::Platform& target) {
  std::vector<Mount> out;
  const auto& specs = in.as<dockerfile::Run>()->mounts;
  const std::string cwd = s.config.working_dir.empty() ? "/" : s.config.working_dir;
  size_t ssh_count = 0;
  for (size_t i = 0; i < resolved.size(); ++i) {
    const dockerfile::Mount& m = resolved[i];
    const dockerfile::Span at = dockerfile::span_of(in, specs[i]);
    using Type = dockerfile::Mount::Type;
    Mount mount;
    mount.type = m.type;
    mount.sharing = m.sharing;
    mount.read_only = m.read_only;
    mount.required = m.required;
    mount.env = m.env;
    mount.uid = m.uid.value_or(0);
    mount.gid = m.gid.value_or(0);
    mount.size = m.size;
    mount.source = strip_root(m.source);
    if (!m.target.empty()) mount.target = os::clean_path(os::join_path(cwd, m.target));
    if (mount.target == "/")
      throw error(at, "a mount cannot cover the whole root", "give it a target below /");
    switch (m.type) {
      case Type::Bind:
        mount.from = m.from.empty() ? main_context(at) : source_named(m.from, s, target, at);
        want(*mount.from, mount.source);
        break;
      case Type::Cache: {
        mount.mode = m.mode.value_or(0755);
        if (!m.from.empty()) mount.from = source_named(m.from, s, target, at);
        const auto ns = request_.build_args.find("BUILDKIT_CACHE_MOUNT_NS");
        // Without an id what one platform leaves behind is no other's business: programs, packages, object files.
        mount.id = m.id.empty() ? mount.target + "@" + s.platform.str() : m.id;
        if (ns != request_.build_args.end()) mount.id = ns->second + "/" + mount.id;
        break;
      }
      case Type::Secret: {
        mount.id = !m.id.empty() ? m.id : !m.source.empty() ? m.source : os::base_name(m.target);
        mount.mode = m.mode.value_or(0400);
        if (mount.env && mount.env->empty()) mount.env = mount.id;
        if (mount.target.empty() && !mount.env)
          mount.target = "/run/secrets/" + os::base_name(mount.id);
        note(s.notes.secrets, mount, in.span);
        break;
      }
      case Type::Ssh:
        mount.id = m.id.empty() ? "default" : m.id;
        mount.mode = m.mode.value_or(0600);
        if (mount.target.empty())
          mount.target = fmt::format("/run/buildkit/ssh_agent.{}", ssh_count);
        ++ssh_count;
        note(s.notes.ssh, mount, in.span);
        break;
      case Type::Tmpfs:
        break;
    }
    if (mount.target.empty() && !mount.env)
      throw error(at, "this mount has no target", "add target=/path");
    out.push_back(std::move(mount));
  }
  return out;
}

}  // namespace slipway::graph

// Stages, base images and targets; instruction.cc has the instructions.
#include "graph/lower.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "dockerfile/parse.h"
#include "graph/definition.h"
#include "graph/lowering.h"
#include "os/fs.h"

namespace slipway::graph {
namespace {

bool makes_layer(const dockerfile::Instruction& in) {
  return in.as<dockerfile::Run>() || in.as<dockerfile::Copy>() || in.as<dockerfile::Add>() ||
         in.as<dockerfile::Workdir>();
}

/// The stage to build: --target by name or number, else the last.
size_t target_stage(const dockerfile::Dockerfile& file, const Request& request) {
  if (request.target.empty()) return file.stages.size() - 1;
  if (const auto index = dockerfile::find_stage(file, request.target, file.stages.size())) return *index;
  std::vector<std::string> names;
  for (const auto& stage : file.stages)
    if (!stage.name().empty()) names.push_back(stage.name());
  const auto near = closest(request.target, names);
  throw Error(fmt::format("there is no stage \"{}\"", request.target), file.file_name,
              near ? fmt::format("did you mean --target {}?", *near)
                   : fmt::format("the stages are: {}", names.empty() ? "(none has a name)" : join(names, ", ")));
}

bool valid_reference(const std::string& name) { return !name.empty() && name.find_first_of(" \t\n") == name.npos; }

}  // namespace

Graph lower(const dockerfile::Dockerfile& file, const Request& request, Resolver& resolver) {
  return Lowering(file, request, resolver).run();
}

Graph Lowering::run() {
  const size_t index = target_stage(file_, request_);
  for (const auto& platform : request_.platforms) {
    const StageState& s = stage(index, platform, file_.stages[index].head.span);
    Target target;
    target.platform = s.platform;
    target.files = s.files;
    target.config = s.config;
    target.layers = s.layers;
    target.base = s.base;
    target.base_reference = s.base_reference;
    for (const auto& [key, value] : request_.labels) target.config.labels[key] = value;
    target.config.created = request_.created;
    // An image of the stage's own platform is what the user asked to be called `platform`: FROM --platform may differ.
    graph_.targets.push_back(std::move(target));
  }
  return std::move(graph_);
}

const StageState& Lowering::stage(size_t index, const oci::Platform& target, const dockerfile::Span& used_at) {
  const auto key = std::pair(index, target.str());
  if (const auto it = stages_.find(key); it != stages_.end()) return *it->second;
  if (const auto it = std::find(in_progress_.begin(), in_progress_.end(), index); it != in_progress_.end()) {
    std::string circle;
    const auto name = [&](size_t i) {
      return file_.stages[i].name().empty() ? fmt::format("stage {}", i) : file_.stages[i].name();
    };
    for (auto at = it; at != in_progress_.end(); ++at) circle += name(*at) + " -> ";
    throw error(used_at, fmt::format("circular dependency between stages: {}{}", circle, name(index)),
                "a stage can only use what is built before it");
  }
  in_progress_.push_back(index);
  auto s = std::make_unique<StageState>(start_stage(index, target));
  const auto& stage = file_.stages[index];
  s->layer_number = 1;
  s->layer_count = 1 + static_cast<size_t>(std::count_if(stage.instructions.begin(), stage.instructions.end(), makes_layer));
  for (const auto& trigger : std::exchange(s->config.on_build, {})) {
    try {
      const auto in = dockerfile::parse_one(trigger, "ONBUILD of " + stage.from().image);
      s->layer_count += makes_layer(in);
      apply(*s, in, target);
    } catch (Error& e) {
      throw e.while_doing(fmt::format("while running the ONBUILD trigger \"{}\" of {}", trigger, stage.from().image));
    }
  }
  for (const auto& instruction : stage.instructions) apply(*s, instruction, target);
  in_progress_.pop_back();
  return *(stages_[key] = std::move(s));
}

StageState Lowering::start_stage(size_t index, const oci::Platform& target) {
  const auto& stage = file_.stages[index];
  const Args globals = global_args(file_, request_, target);
  const dockerfile::Instruction head = dockerfile::expand(file_, stage.head, args_lookup(globals));
  const auto& from = *head.as<dockerfile::From>();
  StageState s;
  s.index = index;
  s.label = stage.name().empty() ? fmt::format("stage-{}", index) : stage.name();
  s.platform = target;
  if (!from.platform.empty()) {
    try {
      s.platform = oci::parse_platform(from.platform);
    } catch (Error& e) {
      throw error(stage.head.span, e.message(), e.hint());
    }
  }
  if (from.image.empty())
    throw error(stage.head.span, fmt::format("the image name \"{}\" is empty after its variables are replaced", stage.from().image),
                "give the ARG before FROM a default, or pass --build-arg");
  if (const auto parent = dockerfile::find_stage(file_, from.image, index);
      parent && !file_.stages[*parent].name().empty() && to_lower(from.image) == file_.stages[*parent].name()) {
    const StageState& base = this->stage(*parent, target, stage.head.span);
    const std::string label = s.label;
    s = base;
    s.index = index;
    s.label = label;
    s.cmd_set = false;
    return s;
  }
  start_from_image(s, from.image);
  return s;
}

void Lowering::start_from_image(StageState& s, const std::string& name) {
  const auto& stage = file_.stages[s.index];
  const dockerfile::Span& at = stage.head.span;
  const auto named = request_.named_contexts.find(name);
  const auto named_stage = request_.named_contexts.find(stage.name());
  const auto* context = !stage.name().empty() && named_stage != request_.named_contexts.end() ? &named_stage->second
                        : named != request_.named_contexts.end()                              ? &named->second
                                                                                              : nullptr;
  Step step{.op = Scratch{},
            .parent = {},
            .platform = s.platform,
            .name = {},
            .location = location(at),
            .stage = s.label,
            .no_cache = false};
  if (context && !context->dir.empty()) {
    s.files = context_files(stage.name().empty() ? name : stage.name(), context->dir, false);
    want(s.files, "");
  } else if (name == "scratch" && !context) {
    s.files = add_step(std::move(step));
    s.config.working_dir = "/";
  } else {
    const std::string image = context ? context->image : name;
    if (!valid_reference(image)) throw error(at, fmt::format("\"{}\" is not an image name", image));
    ResolvedImage resolved;
    try {
      resolved = resolver_.image(image, s.platform);
    } catch (Error& e) {
      if (const auto later = dockerfile::find_stage(file_, name, file_.stages.size()); later && *later >= s.index)
        throw error(at, fmt::format("stage \"{}\" begins with stage \"{}\", which is not built before it: the stages are circular or out of order", s.label, name),
                    "a stage can only use what is above it in the file");
      throw e.while_doing(fmt::format("while resolving the base image {} of {}", name, location(at)));
    }
    if (!oci::match_distance(resolved.config.platform, s.platform)) {
      resolver_.warn(fmt::format("base image {} was asked for {} but says that it is {}", name, s.platform.str(),
                                 resolved.config.platform.str()),
                     location(at));
    }
    s.config = resolved.config;
    s.base_reference = resolved.image.reference;
    step.name = fmt::format("FROM {}", resolved.image.reference);
    step.op = std::move(resolved.image);
    s.base = s.files = add_step(std::move(step));
  }
  s.config.platform = s.platform;
  s.config.diff_ids.clear();
  if (!s.config.env_value("PATH")) s.config.set_env("PATH", image::kDefaultPath);
}

StepId Lowering::image_files(const std::string& name, const oci::Platform& platform, const dockerfile::Span& at) {
  ResolvedImage resolved;
  try {
    resolved = resolver_.image(name, platform);
  } catch (Error& e) {
    throw e.while_doing(fmt::format("while resolving the image {} of {}", name, location(at)));
  }
  const std::string shown = fmt::format("FROM {}", resolved.image.reference);
  return add_step({.op = std::move(resolved.image),
                   .parent = {},
                   .platform = platform,
                   .name = shown,
                   .location = location(at),
                   .stage = {},
                   .no_cache = false});
}

StepId Lowering::context_files(const std::string& name, const std::string& dir, bool is_main) {
  size_t index = 0;
  while (index < graph_.contexts.size() && graph_.contexts[index].name != name) ++index;
  if (index == graph_.contexts.size())
    graph_.contexts.push_back({.name = name, .dir = dir, .is_main = is_main, .wanted = {}});
  return add_step({.op = ContextFiles{index},
                   .parent = {},
                   .platform = {},
                   .name = is_main ? "[internal] load build context" : fmt::format("[context {}] load from {}", name, dir),
                   .location = {},
                   .stage = {},
                   .no_cache = false});
}

StepId Lowering::add_step(Step step) {
  const auto [it, is_new] = by_identity_.emplace(identity(step), static_cast<StepId>(graph_.steps.size()));
  if (is_new) graph_.steps.push_back(std::move(step));
  return it->second;
}

std::string Lowering::step_name(StageState& s, const std::string& text, bool counts) {
  if (counts) ++s.layer_number;
  const std::string platform = request_.platforms.size() > 1 ? s.platform.str() + " " : "";
  return fmt::format("[{}{} {}/{}] {}", platform, s.label, s.layer_number, s.layer_count, text);
}

Error Lowering::error(const dockerfile::Span& span, std::string what, std::string hint) const {
  return dockerfile::error_at(file_, span, std::move(what), std::move(hint));
}

std::string Lowering::location(const dockerfile::Span& span) const { return fmt::format("{}:{}", file_.file_name, span.line); }

std::vector<std::pair<std::string, oci::Platform>> images_ahead(const dockerfile::Dockerfile& file, const Request& request) {
  std::vector<std::pair<std::string, oci::Platform>> out;
  std::vector<bool> reachable(file.stages.size(), false);
  reachable[target_stage(file, request)] = true;
  for (size_t i = file.stages.size(); i-- > 0;) {
    if (!reachable[i]) continue;
    const auto mark = [&](const std::string& name) {
      const auto found = dockerfile::find_stage(file, name, i);
      if (found) reachable[*found] = true;
      return found.has_value();
    };
    for (const auto& in : file.stages[i].instructions)
      if (const auto* copy = in.as<dockerfile::Copy>(); copy && !copy->from.empty()) mark(copy->from);
      else if (const auto* run = in.as<dockerfile::Run>())
        for (const auto& mount : run->mounts)
          for (const auto& field : mount.fields)
            if (field.key == "from" && field.value) mark(*field.value);
    for (const auto& target : request.platforms) {
      try {
        const Args globals = global_args(file, request, target);
        const auto head = dockerfile::expand(file, file.stages[i].head, args_lookup(globals));
        const auto& from = *head.as<dockerfile::From>();
        if (from.image.empty() || from.image == "scratch" || mark(from.image)) continue;
        if (request.named_contexts.contains(from.image) || request.named_contexts.contains(from.name)) continue;
        const auto platform = from.platform.empty() ? target : oci::parse_platform(from.platform);
        if (std::find(out.begin(), out.end(), std::pair(from.image, platform)) == out.end())
          out.emplace_back(from.image, platform);
      } catch (const Error&) {
        continue;  // lower() reports it with its place
      }
    }
  }
  return out;
}

}  // namespace slipway::graph

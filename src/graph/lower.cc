// Stages, base images and targets; instruction.cc has the instructions.
#include "graph/lower.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "dockerfile/check_from.h"
#include "dockerfile/parse.h"
#include "graph/definition.h"
#include "graph/lowering.h"
#include "graph/neutral.h"
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

/// The shortest way to write an image's name, by which named contexts are found.
std::string familiar_name(std::string_view name) {
  for (const std::string_view prefix : {"index.docker.io/", "docker.io/", "library/"})
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  if (name.ends_with(":latest")) name.remove_suffix(std::string_view(":latest").size());
  return std::string(name);
}

bool valid_reference(const std::string& name) { return !name.empty() && name.find_first_of(" \t\n") == name.npos; }

/// Thrown by a resolver that must not look for images.
struct Unknown {};

class NoResolver : public Resolver {
 public:
  ResolvedImage image(const std::string&, const oci::Platform&) override { throw Unknown(); }
};

/// Marks the stages that `index` is made from, as far as names tell: ONBUILD triggers may add others.
void mark_needed(const dockerfile::Dockerfile& file, size_t index, const dockerfile::Lookup& globals,
                 std::vector<bool>& needed) {
  if (needed[index]) return;
  needed[index] = true;
  const auto mark = [&](const std::string& name) {
    if (const auto found = dockerfile::find_stage(file, name, index)) mark_needed(file, *found, globals, needed);
  };
  const auto& stage = file.stages[index];
  try {
    const auto head = dockerfile::expand(file, stage.head, globals);
    if (!parse_u64(head.as<dockerfile::From>()->image)) mark(head.as<dockerfile::From>()->image);
  } catch (const Error&) {
    // It is reported when the stage is lowered.
  }
  for (const auto& in : stage.instructions) {
    if (const auto* copy = in.as<dockerfile::Copy>(); copy && !copy->from.empty()) mark(copy->from);
    if (const auto* run = in.as<dockerfile::Run>())
      for (const auto& mount : run->mounts)
        for (const auto& field : mount.fields)
          if (field.key == "from" && field.value) mark(*field.value);
  }
}

}  // namespace

Graph lower(const dockerfile::Dockerfile& file, const Request& request, Resolver& resolver, Survey* survey) {
  Joint joint;
  joint.graph.targets = lower_into(joint, file, request, resolver, survey);
  return std::move(joint.graph);
}

std::vector<Target> lower_into(Joint& joint, const dockerfile::Dockerfile& file, const Request& request,
                               Resolver& resolver, Survey* survey) {
  Lowering lowering(file, request, resolver, survey, joint);
  lowering.run();
  if (auto problems = lowering.take_problems(); !problems.empty()) {
    if (survey) survey->problems = problems;
    throw dockerfile::as_one(std::move(problems));
  }
  return lowering.take_targets();
}

std::vector<Error> mistakes(const dockerfile::Dockerfile& file, const Request& request) {
  NoResolver resolver;
  Joint joint;
  Lowering lowering(file, request, resolver, nullptr, joint);
  lowering.run();
  return lowering.take_problems();
}

void Lowering::run() {
  try {
    look_around();
    make_targets();
  } catch (Error& e) {
    problems_.push_back(std::move(e));
  }
  if (survey_) survey_->findings = checker_.findings();
}

/// What holds for the file as a whole, and the FROM lines of all stages.
void Lowering::look_around() {
  if (request_.platforms.empty() || file_.stages.empty()) return;
  const oci::Platform& platform = request_.platforms.front();
  is_checking_ = survey_ != nullptr;
  const Args automatic = automatic_args(file_, request_, platform);
  if (survey_) checker_.check_text(args_lookup(automatic));
  const Args& globals = this->globals(platform);
  if (!survey_) return;
  for (const auto& stage : file_.stages) {
    dockerfile::Checker::FromFacts facts;
    facts.target_platform = automatic.get("TARGETPLATFORM").value_or("");
    for (const auto& [name, value] : globals.all()) facts.known.push_back(name);
    dockerfile::ExpandOptions options;
    options.escape = file_.directives.escape;
    try {
      dockerfile::expand_word(stage.from().image, args_lookup(globals), options, &facts.image);
      facts.platform_value = dockerfile::expand_word(stage.from().platform, args_lookup(globals), options, &facts.platform);
      const oci::Platform fixed = oci::parse_platform(facts.platform_value);
      facts.os = fixed.os;
      facts.arch = fixed.arch;
    } catch (const Error&) {
      // Reported when the stage is lowered.
    }
    checker_.check_from(stage, facts);
  }
}

void Lowering::make_targets() {
  if (file_.stages.empty()) return;
  const size_t index = target_stage(file_, request_);
  // Steps that stand for those of other platforms come before them: those of the build platform first.
  std::vector<const oci::Platform*> order;
  for (const auto& platform : request_.platforms) order.push_back(&platform);
  if (std::ranges::any_of(file_.stages, [](const auto& stage) { return std::ranges::any_of(stage.instructions, may_be_neutral); }))
    std::ranges::stable_partition(order, [&](const auto* platform) { return oci::runs_natively(request_.build_platform, *platform); });
  std::map<const oci::Platform*, Target> targets;
  for (const auto* wanted : order) {
    const oci::Platform& platform = *wanted;
    is_checking_ = survey_ && wanted == &request_.platforms.front();
    // In order of the file, whichever stage asks for another: so are warnings and mistakes.
    std::vector<bool> needed(file_.stages.size(), survey_ && survey_->all_stages);
    needed[index] = false;
    mark_needed(file_, index, args_lookup(globals(platform)), needed);
    for (size_t i = 0; i < needed.size(); ++i)
      if (needed[i]) stage(i, platform, file_.stages[i].head.span);
    const StageState& s = stage(index, platform, file_.stages[index].head.span);
    if (is_checking_) survey_->outline = outline_of(file_, s, global_details_);
    if (s.platform.os != "linux")
      throw error(file_.stages[index].head.span, fmt::format("images for {} cannot be built", s.platform.str()),
                  "linux platforms can");
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
    targets[wanted] = std::move(target);
    is_checking_ = false;
  }
  for (const auto& platform : request_.platforms) graph_.targets.push_back(std::move(targets.at(&platform)));
  pair_neutral_steps(graph_, request_.build_platform);
}

const Args& Lowering::globals(const oci::Platform& target) {
  const auto it = globals_.find(target.str());
  if (it != globals_.end()) return it->second;
  return globals_[target.str()] = global_args(file_, request_, target, is_checking_ ? &global_details_ : nullptr);
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
  const auto& stage = file_.stages[index];
  auto s = std::make_unique<StageState>();
  s->platform = target;
  try {
    *s = start_stage(index, target);
  } catch (Error& e) {
    // The instructions may have mistakes of their own.
    problems_.push_back(std::move(e));
    s->is_guess = true;
  }
  s->index = index;
  s->target = target;
  s->label = stage.name().empty() ? fmt::format("stage-{}", index) : stage.name();
  s->is_guess |= stage.incomplete || file_.incomplete_globals;
  for (const auto& text : s->config.env) {
    const size_t equals = std::min(text.find('='), text.size());
    s->variables.set(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())));
  }
  s->layer_number = 1;
  s->layer_count = 1 + static_cast<size_t>(std::count_if(stage.instructions.begin(), stage.instructions.end(), makes_layer));
  if (!s->is_replaced) {
    apply_triggers(*s, target);
    for (const auto& instruction : stage.instructions) attempt(*s, instruction, target);
  }
  in_progress_.pop_back();
  return *(stages_[key] = std::move(s));
}

void Lowering::apply_triggers(StageState& s, const oci::Platform& target) {
  const std::string& image = file_.stages[s.index].from().image;
  for (const auto& trigger : std::exchange(s.config.on_build, {})) {
    const std::string doing = fmt::format("while running the ONBUILD trigger \"{}\" of {}", trigger, image);
    try {
      auto in = dockerfile::parse_one(trigger, "ONBUILD of " + image);
      in.span = file_.stages[s.index].head.span;
      s.layer_count += makes_layer(in);
      attempt(s, in, target, doing);
    } catch (Error& e) {
      problems_.push_back(e.while_doing(doing));
    }
  }
}

/// Applies an instruction; a mistake in it does not keep the others from being looked at.
void Lowering::attempt(StageState& s, const Instruction& in, const oci::Platform& target, const std::string& doing) {
  std::vector<dockerfile::Names> words;
  std::vector<Error> wrong;
  try {
    apply(s, in, target, words);
  } catch (Several& several) {
    wrong = std::move(several.errors);
  } catch (Error& e) {
    wrong.push_back(std::move(e));
  }
  const bool may_follow =
      s.is_guess && std::any_of(words.begin(), words.end(), [](const auto& word) { return !word.unset.empty(); });
  if (may_follow) return;
  for (auto& error : wrong) problems_.push_back(doing.empty() ? std::move(error) : error.while_doing(doing));
}

const NamedContext* named_context(const Request& request, std::string_view name, const oci::Platform& platform) {
  const std::string familiar = familiar_name(name);
  // These mean what they always mean.
  if (familiar.empty() || to_lower(familiar) == "scratch" || to_lower(familiar) == "context") return nullptr;
  for (const std::string& wanted : {familiar + "::" + platform.str(), familiar})
    for (const auto& [given, context] : request.named_contexts)
      if (familiar_name(given) == wanted) return &context;
  return nullptr;
}

StageState Lowering::start_stage(size_t index, const oci::Platform& target) {
  const auto& stage = file_.stages[index];
  std::vector<dockerfile::Names> words;
  const dockerfile::Instruction head = dockerfile::expand(file_, stage.head, args_lookup(globals(target)), &words);
  const auto& from = *head.as<dockerfile::From>();
  StageState s;
  s.index = index;
  s.label = stage.name().empty() ? fmt::format("stage-{}", index) : stage.name();
  s.platform = target;
  if (stage.incomplete && stage.from().image.empty()) {
    s.is_guess = true;
    return s;
  }
  if (!stage.from().platform.empty() && from.platform.empty()) {
    std::optional<std::string> near;
    for (const auto& word : words)
      for (const auto& name : word.unset)
        if (!near) near = dockerfile::nearest_name(name, globals(target).names());
    throw error(dockerfile::span_of(stage.head, "--platform"),
                fmt::format("empty platform value from expression {}", stage.from().platform),
                near ? fmt::format("did you mean {}?", *near) : "leave --platform out, or give its variable a default");
  }
  if (!from.platform.empty()) {
    try {
      s.platform = oci::parse_platform(from.platform);
    } catch (Error& e) {
      throw error(stage.head.span, e.message(), e.hint());
    }
  }
  if (!stage.from().platform.empty() && from.platform.empty())
    throw error(stage.head.span, fmt::format("the platform \"{}\" is empty after its variables are replaced", stage.from().platform),
                "FROM sees ARGs in front of the first FROM and automatic ones such as TARGETPLATFORM");
  if (from.image.empty())
    throw error(stage.head.span, fmt::format("the image name \"{}\" is empty after its variables are replaced", stage.from().image),
                "give the ARG before FROM a default, or pass --build-arg");
  if (const auto* context = named_context(request_, stage.name(), s.platform)) {
    start_from_image(s, stage.name(), context, target);
    s.is_replaced = true;
    return s;
  }
  if (const auto parent = dockerfile::find_stage(file_, from.image, index);
      parent && !file_.stages[*parent].name().empty() && to_lower(from.image) == file_.stages[*parent].name()) {
    const StageState& base = this->stage(*parent, target, stage.head.span);
    s = base;
    s.cmd_set = s.is_replaced = false;
    s.facts.once.clear();
    s.notes = {};
    s.notes.parent = &base;
  } else {
    start_from_image(s, from.image, named_context(request_, from.image, s.platform), target);
  }
  for (const auto& word : words) s.notes.used_args.insert(word.used.begin(), word.used.end());
  return s;
}

const Target& Lowering::target_for(const NamedContext& context, const oci::Platform& platform,
                                   const dockerfile::Span& at) const {
  if (context.targets.size() == 1) return context.targets.front();
  std::vector<std::string> others;
  for (const auto& target : context.targets) {
    if (target.platform == platform) return target;
    others.push_back(target.platform.str());
  }
  throw error(at, fmt::format("this is made by another target, which is not built for {}", platform.str()),
              fmt::format("it is built for {}", join(others, ", ")));
}

void Lowering::start_from_target(StageState& s, const NamedContext& context, const dockerfile::Span& at) {
  const Target& target = target_for(context, s.platform, at);
  s.files = target.files;
  s.config = target.config;
  s.layers = target.layers;
  s.base = target.base;
  s.base_reference = target.base_reference;
}

/// A context without an image as the base: a layer of its own on an empty image.
void Lowering::start_from_folder(StageState& s, const std::string& name, const NamedContext& context) {
  const StepId files = named_files(name, context, file_.stages[s.index].head.span);
  want(files, "");
  Step step{.op = Scratch{},
            .parent = {},
            .platform = s.platform,
            .name = {},
            .location = location(file_.stages[s.index].head.span),
            .stage = s.label,
            .no_cache = false};
  step.parent = add_step(step);
  Copy copy;
  copy.sources.push_back({.input = files, .path = {}, .is_download = false});
  copy.dest = "/";
  copy.from_context = !context.dir.empty();
  step.op = std::move(copy);
  step.name = fmt::format("[{}] FROM {}", s.label, name);
  s.files = add_step(std::move(step));
  s.layers.push_back(s.files);
  s.config.working_dir = "/";
  add_history(s, fmt::format("FROM {} # buildkit", name), false);
}

void Lowering::start_from_image(StageState& s, const std::string& name, const NamedContext* context, const oci::Platform& target) {
  const auto& stage = file_.stages[s.index];
  const dockerfile::Span& at = stage.head.span;
  Step step{.op = Scratch{},
            .parent = {},
            .platform = s.platform,
            .name = {},
            .location = location(at),
            .stage = s.label,
            .no_cache = false};
  if (context && !context->targets.empty()) {
    start_from_target(s, *context, at);
  } else if (context && context->image.empty()) {
    start_from_folder(s, name, *context);
  } else if ((context ? context->image : name) == "scratch") {
    if (!context) s.platform = step.platform = target;  // what is empty has no platform of its own
    s.files = add_step(std::move(step));
    s.config.working_dir = "/";
  } else {
    const std::string image = context ? context->image : name;
    if (!valid_reference(image)) throw error(at, fmt::format("\"{}\" is not an image name", image));
    ResolvedImage resolved;
    try {
      resolved = resolver_.image(image, s.platform);
    } catch (const Unknown&) {
      s.is_guess = true;
      return;
    } catch (Error& e) {
      if (const auto later = dockerfile::find_stage(file_, name, file_.stages.size()); later && *later >= s.index)
        throw error(at, fmt::format("stage \"{}\" begins with stage \"{}\", which is not built before it: the stages are circular or out of order", s.label, name),
                    "a stage can only use what is above it in the file");
      throw placed(dockerfile::span_of(stage.head, stage.from().image), e, "while resolving the base image " + name);
    }
    check_base(name, s.platform, resolved.config, at);
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
    check_base(name, platform, resolved.config, at);
  } catch (const Unknown&) {
    resolved.image.reference = name;
  } catch (Error& e) {
    throw placed(at, e, "while resolving the image " + name);
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

void Lowering::check_base(const std::string& name, const oci::Platform& expected, const image::Config& config,
                          const dockerfile::Span& at) {
  const oci::Platform& actual = config.platform;
  if (is_checking_ && (actual.os != expected.os || actual.arch != expected.arch))
    checker_.check_base(at, name, expected.str(), actual.str());
}

StepId Lowering::context_files(const std::string& name, const std::string& dir, bool is_main) {
  size_t index = 0;
  const std::string rules = is_main ? request_.context_rules : "";
  const auto is_other = [&](const Context& context) {
    return context.name != name || context.dir != dir || context.rules != rules;
  };
  while (index < graph_.contexts.size() && is_other(graph_.contexts[index])) ++index;
  if (index == graph_.contexts.size())
    graph_.contexts.push_back(
        {.name = name, .dir = dir, .is_main = is_main, .job = request_.job, .rules = rules, .wanted = {}});
  return add_step({.op = ContextFiles{index},
                   .parent = {},
                   .platform = {},
                   .name = is_main ? load_name() : fmt::format("[context {}] load from {}", name, dir),
                   .location = {},
                   .stage = {},
                   .no_cache = false});
}

std::string Lowering::load_name() const {
  return fmt::format("[{}internal] load build context", request_.job_name.empty() ? "" : request_.job_name + " ");
}

StepId Lowering::add_step(Step step) {
  step.job = request_.job;
  std::string same = identity(step);
  if (step.as<Run>() || step.as<GitCheckout>() || step.as<Download>()) same += "surroundings " + request_.surroundings;
  const auto [it, is_new] = by_identity_.emplace(std::move(same), static_cast<StepId>(graph_.steps.size()));
  if (is_new) graph_.steps.push_back(std::move(step));
  return it->second;
}

std::string Lowering::step_name(StageState& s, const std::string& text, bool counts) {
  if (counts) ++s.layer_number;
  std::string platform = request_.job_name.empty() ? "" : request_.job_name + " ";
  if (request_.platforms.size() > 1) {
    platform += s.platform.str();
    // A stage on the build platform that knows its target: its steps for one target are told from those for another.
    if (s.platform.arch != s.target.arch && (s.args.declared("TARGETARCH") || s.args.declared("TARGETPLATFORM")))
      platform += "->" + s.target.arch + (s.target.variant.empty() ? "" : "/" + s.target.variant);
    platform += ' ';
  }
  return fmt::format("[{}{} {}/{}] {}", platform, s.label, s.layer_number, s.layer_count, text);
}

Error Lowering::error(const dockerfile::Span& span, std::string what, std::string hint) const {
  return dockerfile::error_at(file_, span, std::move(what), std::move(hint));
}

Error Lowering::placed(const dockerfile::Span& at, const Error& e, std::string doing) const {
  Error out = error(at, e.where().empty() ? e.message() : fmt::format("{}: {}", e.where(), e.message()), e.hint());
  for (const auto& context : e.contexts()) out.while_doing(context);
  return out.while_doing(std::move(doing));
}

std::string Lowering::location(const dockerfile::Span& span) const { return fmt::format("{}:{}", file_.file_name, span.line); }

std::vector<std::pair<std::string, oci::Platform>> images_ahead(const dockerfile::Dockerfile& file, const Request& request) {
  std::vector<std::pair<std::string, oci::Platform>> out;
  for (const auto& target : request.platforms) {
    try {
      const Args globals = global_args(file, request, target);
      std::vector<bool> needed(file.stages.size(), false);
      mark_needed(file, target_stage(file, request), args_lookup(globals), needed);
      for (size_t i = 0; i < needed.size(); ++i) {
        if (!needed[i]) continue;
        const auto head = dockerfile::expand(file, file.stages[i].head, args_lookup(globals));
        const auto& from = *head.as<dockerfile::From>();
        if (from.image.empty() || from.image == "scratch" || dockerfile::find_stage(file, from.image, i)) continue;
        if (named_context(request, from.image, target) || named_context(request, from.name, target)) continue;
        const auto platform = from.platform.empty() ? target : oci::parse_platform(from.platform);
        if (std::find(out.begin(), out.end(), std::pair(from.image, platform)) == out.end())
          out.emplace_back(from.image, platform);
      }
    } catch (const Error&) {
      continue;  // lower() reports it with its place
    }
  }
  return out;
}

}  // namespace slipway::graph

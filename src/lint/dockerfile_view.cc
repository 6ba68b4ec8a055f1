// See dockerfile_view.h.
#include "lint/dockerfile_view.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "dockerfile/check_from.h"
#include "os/fs.h"

namespace slipway::lint {
namespace {

bool is_comment_line(std::string_view line) { return trim(line).starts_with('#'); }

/// "golang" and "1.24" of "docker.io/library/golang:1.24@sha256:...".
std::pair<std::string, std::string> name_and_tag(std::string image) {
  if (const size_t at = image.find('@'); at != image.npos) image.resize(at);
  const size_t slash = image.rfind('/');
  const size_t colon = image.find(':', slash == image.npos ? 0 : slash);
  std::string tag = colon == image.npos ? std::string() : image.substr(colon + 1);
  if (colon != image.npos) image.resize(colon);
  const size_t last = image.rfind('/');
  std::string name = last == image.npos ? image : image.substr(last + 1);
  if (name == "sdk" && image.ends_with("dotnet/sdk")) name = "dotnet/sdk";
  return {name, tag};
}

}  // namespace

DockerfileView::DockerfileView(const SourceFile& file)
    : file_(file), lines_(file.text), parsed_(dockerfile::try_parse(file.text, file.path)) {
  dockerfile::Mistakes mistakes;
  statements_ = dockerfile::scan(file.text, mistakes).statements;
  const auto& stages = parsed_.file.stages;
  stages_.reserve(stages.size());
  for (size_t i = 0; i < stages.size(); ++i) add_stage(stages[i], i);
  if (!stages_.empty())
    for (const size_t i : chain(stages_.size() - 1)) in_image_.insert(i);
  for (const std::string_view word :
       {"TARGETARCH", "TARGETPLATFORM", "BUILDPLATFORM", "TARGETVARIANT"})
    speaks_of_platforms_ |= file.text.contains(word);
}

void DockerfileView::add_stage(const dockerfile::Stage& stage, size_t index) {
  StageView view;
  view.stage = &stage;
  view.index = index;
  view.begin = offset(stage.head.span);
  view.end = view.begin + lines_.line(stage.head.span.line).size();
  view.parent = dockerfile::find_stage(parsed_.file, stage.from().image, index);
  std::string workdir = "/";
  const std::string& flag = stage.from().platform;
  if (view.parent) {
    const StageView& parent = stages_[*view.parent];
    view.base = parent.base;
    view.base_tag = parent.base_tag;
    view.platform = parent.platform;
    view.fixed_platform = parent.fixed_platform;
    if (!parent.steps.empty()) {
      workdir = parent.steps.back().workdir;
      if (const auto* last = parent.steps.back().instruction->as<dockerfile::Workdir>())
        workdir = resolved(workdir, last->path);
    }
  } else {
    name_base(view);
  }
  if (flag.contains("BUILDPLATFORM")) {
    view.platform = StagePlatform::Build;
  } else if (!flag.empty() && !flag.contains('$')) {
    view.platform = StagePlatform::Fixed;
    view.fixed_platform = flag;
  }
  for (const auto& instruction : stage.instructions) {
    StepView step = step_of(instruction);
    step.workdir = workdir;
    if (const auto* dir = instruction.as<dockerfile::Workdir>())
      workdir = resolved(workdir, dir->path);
    view.steps.push_back(std::move(step));
  }
  stages_.push_back(std::move(view));
}

void DockerfileView::name_base(StageView& view) const {
  std::string image = view.stage->from().image;
  if (image.contains('$')) {
    try {
      const dockerfile::Lookup lookup = dockerfile::default_global_args(
          parsed_.file, [](std::string_view) { return std::optional<std::string>(); });
      image = dockerfile::expand_word(image, lookup);
    } catch (const Error&) {
      // The name as written will do.
    }
  }
  std::tie(view.base, view.base_tag) = name_and_tag(image);
}

StepView DockerfileView::step_of(const dockerfile::Instruction& instruction) const {
  StepView step;
  step.instruction = &instruction;
  step.begin = offset(instruction.span);
  step.end = lines_.start(instruction.span.end_line + 1);
  int first = instruction.span.line;
  // A directive at the top of the file is a comment that must stay there.
  while (first > 1 && is_comment_line(lines_.line(first - 1)) &&
         first - 1 >
             std::max(parsed_.file.directives.syntax_line, parsed_.file.directives.check_line))
    --first;
  step.lead = lines_.start(first);
  if (instruction.as<dockerfile::Run>()) {
    step.script = script_of(instruction);
    step.commands = shell_commands(step.script.text);
  }
  return step;
}

Script DockerfileView::script_of(const dockerfile::Instruction& instruction) const {
  const dockerfile::Command& command = instruction.as<dockerfile::Run>()->command;
  Script script;
  if (command.form == dockerfile::Command::Form::Exec) return script;
  if (command.form == dockerfile::Command::Form::Script) {
    if (command.heredocs.empty()) return script;
    script.text = command.heredocs.front().content;
    script.pieces.push_back({0, lines_.start(command.heredocs.front().line)});
    return script;
  }
  script.text = command.text;
  if (!instruction.text.ends_with(command.text)) return {};
  const size_t base = instruction.text.size() - command.text.size();
  script.pieces.push_back({0, offset(instruction, base)});
  for (const auto& piece : instruction.pieces)
    if (piece.offset > base)
      script.pieces.push_back({piece.offset - base, lines_.offset(piece.line, piece.column)});
  return script;
}

std::vector<size_t> DockerfileView::chain(size_t stage) const {
  std::vector<size_t> out;
  for (std::optional<size_t> at = stage; at; at = stages_[*at].parent) out.push_back(*at);
  return out;
}

bool DockerfileView::is_ancestor(size_t ancestor, size_t stage) const {
  const auto all = chain(stage);
  return std::find(all.begin() + 1, all.end(), ancestor) != all.end();
}

std::optional<size_t> DockerfileView::stage_of(std::string_view from, size_t before) const {
  return from.empty() ? std::nullopt : dockerfile::find_stage(parsed_.file, from, before);
}

std::vector<DockerfileView::CopyOut> DockerfileView::copies_from(size_t stage) const {
  std::vector<CopyOut> out;
  for (const auto& by : stages_)
    for (const auto& step : by.steps)
      if (const auto* copy = step.instruction->as<dockerfile::Copy>())
        if (stage_of(copy->from, by.index) == stage) out.push_back({&by, &step, copy});
  return out;
}

bool DockerfileView::declares(const StageView& stage, std::string_view name,
                              const StepView& step) const {
  for (const size_t index : chain(stage.index))
    for (const auto& other : stages_[index].steps) {
      if (&other == &step) break;
      const auto* arg = other.instruction->as<dockerfile::Arg>();
      if (!arg) continue;
      for (const auto& item : arg->items)
        if (item.name == name) return true;
    }
  return false;
}

std::vector<Edit> DockerfileView::declare(const StageView& stage, const StepView& step,
                                          std::string_view name) const {
  if (declares(stage, name, step)) return {};
  return {
      {step.lead, step.lead, "ARG " + std::string(name) + std::string(line_end_of(file_.text))}};
}

bool DockerfileView::needs_emulation() const {
  if (stages_.empty()) return false;
  std::set<size_t> needed;
  std::vector<size_t> todo = {stages_.size() - 1};
  while (!todo.empty()) {
    const size_t index = todo.back();
    todo.pop_back();
    if (!needed.insert(index).second) continue;
    const StageView& stage = stages_[index];
    if (stage.parent) todo.push_back(*stage.parent);
    for (const auto& step : stage.steps) {
      const auto* copy = step.instruction->as<dockerfile::Copy>();
      if (copy)
        if (const auto from = stage_of(copy->from, index)) todo.push_back(*from);
      if (step.is_run() && stage.platform != StagePlatform::Build) return true;
    }
  }
  return false;
}

Toolchain toolchain_of(const StageView& stage) {
  const std::string& base = stage.base;
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), base) != names.end();
  };
  if (is({"golang"})) return Toolchain::Go;
  if (is({"rust"})) return Toolchain::Rust;
  if (is({"gcc", "clang", "buildpack-deps"})) return Toolchain::C;
  if (is({"maven", "gradle", "sbt"})) return Toolchain::Jvm;
  if (is({"eclipse-temurin", "openjdk", "amazoncorretto", "ibm-semeru-runtimes"}))
    return stage.base_tag.contains("jre") ? Toolchain::None : Toolchain::Jvm;
  if (is({"node", "bun"})) return Toolchain::Node;
  if (is({"dotnet/sdk"})) return Toolchain::Dotnet;
  if (is({"swift", "haskell", "zig"})) return Toolchain::Other;
  return Toolchain::None;
}

std::string resolved(std::string_view workdir, std::string_view path) {
  return os::clean_path(os::join_path(workdir, path));
}

bool overlap(std::string_view a, std::string_view b) {
  const auto is_below = [](std::string_view path, std::string_view dir) {
    return path == dir || dir == "/" ||
           (path.starts_with(dir) && path.size() > dir.size() && path[dir.size()] == '/');
  };
  return is_below(a, b) || is_below(b, a);
}

std::string architecture_in(std::string_view name) {
  for (const std::string_view arch : {"amd64", "arm64", "x86_64", "aarch64", "x86-64", "armv7",
                                      "armhf", "i386", "ppc64le", "s390x", "riscv64"})
    if (to_lower(name).contains(arch)) return std::string(arch);
  return {};
}

}  // namespace slipway::lint

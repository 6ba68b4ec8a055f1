// Rules about what stages take from each other and what is left in the image.
#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "lint/dockerfile_view.h"
#include "lint/rules.h"

namespace slipway::lint {
namespace {

// Whether a RUN may change files at or below `path`. Only downloads and their unpacking are known
// to stay where they are told to write.
bool may_touch(const StepView& step, std::string_view path) {
  static constexpr std::array<std::string_view, 10> kKnown = {
      "curl", "wget", "tar", "rm", "mkdir", "echo", "true", "test", "unzip", "set"};
  if (overlap(step.workdir, path) || step.commands.empty()) return true;
  for (const auto& command : step.commands) {
    const std::string program = command.program();
    if (std::find(kKnown.begin(), kKnown.end(), program) == kKnown.end()) return true;
    // What is no output of a download is where it comes from.
    const bool is_download = program == "curl" || program == "wget";
    const auto reaches = [&](const std::string& value) {
      return value.contains('$') || overlap(resolved(step.workdir, value), path);
    };
    if (is_download) {
      for (const auto& [letter, name] :
           {std::pair("o", "output"), std::pair("O", "output-document"),
            std::pair("P", "directory-prefix"), std::pair("", "output-dir")}) {
        const std::string value = command.option(letter, name);
        if (!value.empty() && reaches(value)) return true;
      }
      for (const auto& word : command.words)
        if (word.value.contains('>')) return true;
      continue;
    }
    for (const auto& word : command.words)
      if (reaches(word.value)) return true;
  }
  return false;
}

// Whether the copied files are there already, the same: nothing between the end of the ancestor and
// the COPY can have written to them.
bool is_there_already(const DockerfileView& view, const StageView& stage, const StepView& step,
                      size_t ancestor, const dockerfile::Copy& copy) {
  if (copy.sources.size() != 1 || !copy.chown.empty() || !copy.chmod.empty() || copy.parents ||
      copy.link || !copy.excludes.empty() || !copy.heredocs.empty())
    return false;
  const std::string source = resolved("/", copy.sources.front());
  const std::string dest = resolved(step.workdir, copy.dest);
  if (source != dest || source == "/" || source.find_first_of("*?[$") != source.npos) return false;
  for (const size_t index : view.chain(stage.index)) {
    if (index == ancestor) break;
    const StageView& between = view.stages()[index];
    if (!between.is_whole() && index != stage.index) return false;
    for (const auto& other : between.steps) {
      if (&other == &step) break;
      const auto& instruction = *other.instruction;
      if (other.is_run() && may_touch(other, dest)) return false;
      // Files that another redundant COPY puts back are no change.
      const dockerfile::Transfer* transfer = instruction.as<dockerfile::Copy>();
      if (!transfer) transfer = instruction.as<dockerfile::Add>();
      if (transfer &&
          (transfer->dest.contains('$') || overlap(resolved(other.workdir, transfer->dest), dest)))
        return false;
    }
  }
  return true;
}

bool is_c_compiler(std::string_view package) {
  static constexpr std::array<std::string_view, 9> kPackages = {
      "build-essential", "gcc",   "g++",    "clang",    "build-base",
      "rustc",           "cargo", "golang", "golang-go"};
  return std::find(kPackages.begin(), kPackages.end(), package) != kPackages.end();
}

bool removes(const StepView& step, const ShellWord& package) {
  for (const auto& command : step.commands) {
    const bool is_removal = command.is("apk", "del") || command.is("apt-get", "purge") ||
                            command.is("apt-get", "remove") ||
                            command.is("apt-get", "autoremove") || command.is("apt", "purge") ||
                            command.is("apt", "remove");
    if (!is_removal) continue;
    for (const auto& word : command.arguments())
      if (word.value == package.value || word.value.starts_with('.') ||
          word.value.starts_with('$') || command.is("apk", "del"))
        return true;
  }
  return false;
}

void check_installed_compilers(const StageView& stage, Report& report) {
  for (const auto& step : stage.steps)
    for (const auto& command : step.commands) {
      if (!command.is("apt-get", "install") && !command.is("apt", "install") &&
          !command.is("apk", "add"))
        continue;
      for (const auto& word : command.arguments()) {
        if (!is_c_compiler(word.value) || removes(step, word)) continue;
        const size_t begin = step.script.file_offset(word.begin);
        report.add(step.begin, begin, step.script.file_offset(word.end - 1) + 1,
                   fmt::format("{} stays in the image", word.value),
                   "compile in a stage of its own and COPY --from it what the image needs");
        break;
      }
    }
}

}  // namespace

void check_copy_from_ancestor(const DockerfileView& view, Report& report) {
  for (const auto& stage : view.stages())
    for (const auto& step : stage.steps) {
      const auto* copy = step.instruction->as<dockerfile::Copy>();
      const auto from = copy ? view.stage_of(copy->from, stage.index) : std::nullopt;
      if (!from || !view.is_ancestor(*from, stage.index)) continue;
      const bool is_redundant = is_there_already(view, stage, step, *from, *copy);
      const auto& root = view.stages()[*from];
      const std::string base =
          root.parent ? view.stages()[*root.parent].stage->name() : root.stage->from().image;
      const std::string flag = "--from=" + copy->from;
      const size_t at = std::min(step.instruction->text.find(flag), step.instruction->text.size());
      const size_t begin = view.offset(*step.instruction, at);
      report.add(
          step.begin, begin, begin + flag.size(),
          fmt::format(
              "{} stands on {}: its files are there already, and the copy adds a layer with "
              "them{}",
              stage.stage->name().empty() ? "the stage" : stage.stage->name(), copy->from,
              is_redundant ? "" : " (or with their state before later steps)"),
          fmt::format(
              "leave the copy out, or begin the stage with FROM {} if it was meant to have only "
              "what is copied",
              base.empty() ? "a smaller base" : base),
          is_redundant
              ? std::vector<Edit>{{view.lines().start(step.instruction->span.line), step.end, ""}}
              : std::vector<Edit>());
    }
}

void check_compiler_in_image(const DockerfileView& view, Report& report) {
  if (view.stages().empty()) return;
  const StageView& last = view.stages().back();
  const Toolchain toolchain = toolchain_of(last);
  const bool ships_toolchain = toolchain == Toolchain::Go || toolchain == Toolchain::Rust ||
                               toolchain == Toolchain::C || toolchain == Toolchain::Dotnet ||
                               last.base == "maven" || last.base == "gradle";
  if (ships_toolchain) {
    const StageView& root = view.stages()[view.chain(last.index).back()];
    const std::string& image = root.stage->from().image;
    const size_t at = std::min(root.stage->head.text.find(image), root.stage->head.text.size());
    const size_t begin = view.offset(root.stage->head, at);
    report.add(
        root.begin, begin, begin + image.size(),
        fmt::format("the image is made of {}, with its compiler and everything that compiling "
                    "left",
                    image),
        "name this stage, begin a second one FROM a small base and COPY --from the program");
  }
  for (const size_t index : view.chain(last.index))
    check_installed_compilers(view.stages()[index], report);
}

}  // namespace slipway::lint

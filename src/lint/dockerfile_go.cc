// Rules about compilers: those that are emulated although they could run natively, and those that
// run natively and make programs for the wrong machine.
//
// What emulates is the tool chain's image, not GOARCH: a Go compiler of the build machine makes
// programs for any other one. So the repair is FROM --platform=$BUILDPLATFORM with
// GOARCH=$TARGETARCH, and it is offered only where it keeps every file that other stages take.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "lint/dockerfile_view.h"
#include "lint/rules.h"

namespace slipway::lint {
namespace {

struct GoBuild {
  const StageView* stage;
  const StepView* step;
  const ShellCommand* command;
  bool has_goarch = false;
  bool is_without_cgo = false;
  std::string output;  // where the program goes; a directory if the command does not say
};

/// A stage on an image with a compiler, with all stages that stand on it.
struct Family {
  const StageView* root;
  std::vector<const StageView*> stages;
  std::vector<DockerfileView::CopyOut> taken;  // by stages outside of it
  bool is_in_image = false;
};

std::vector<Family> compiler_families(const DockerfileView& view) {
  std::vector<Family> out;
  for (const auto& root : view.stages()) {
    if (root.parent || toolchain_of(root) == Toolchain::None) continue;
    Family family{&root, {}, {}, false};
    const auto is_member = [&](const StageView& stage) {
      return &stage == &root || view.is_ancestor(root.index, stage.index);
    };
    for (const auto& stage : view.stages()) {
      if (!is_member(stage)) continue;
      family.stages.push_back(&stage);
      family.is_in_image |= view.is_in_image(stage.index);
      for (const auto& copy : view.copies_from(stage.index))
        if (!is_member(*copy.by)) family.taken.push_back(copy);
    }
    out.push_back(std::move(family));
  }
  return out;
}

std::vector<GoBuild> go_builds(const Family& family) {
  std::vector<GoBuild> out;
  std::map<std::string, std::string> env;  // of all stages above: they only add
  for (const StageView* stage : family.stages)
    for (const auto& step : stage->steps) {
      if (const auto* set = step.instruction->as<dockerfile::Env>())
        for (const auto& pair : set->pairs) env[pair.key] = pair.value;
      std::map<std::string, std::string> local = env;
      for (const auto& command : step.commands) {
        std::map<std::string, std::string> own = local;
        for (const auto& assignment : all_assignments(command))
          own[assignment.name] = assignment.value;
        if (command.words.empty() || command.program() == "export" || command.is("go", "env"))
          local = own;
        const bool is_build =
            command.program() == "go" && command.words.size() > 1 &&
            (command.words[1].value == "build" || command.words[1].value == "install");
        if (!is_build) continue;
        GoBuild build{stage, &step, &command, own.contains("GOARCH"), own["CGO_ENABLED"] == "0",
                      {}};
        const std::string output = command.option("o", "");
        build.output =
            command.words[1].value == "install" ? "/go/bin" : resolved(step.workdir, output);
        out.push_back(std::move(build));
      }
    }
  return out;
}

bool is_neutral_path(std::string_view path) {
  for (const std::string_view known :
       {"/etc/ssl", "/etc/passwd", "/etc/group", "/etc/ca-certificates", "/usr/share/zoneinfo",
        "/usr/share/ca-certificates", "/usr/local/go/lib/time/zoneinfo.zip"})
    if (path == known || (path.starts_with(known) && path[known.size()] == '/')) return true;
  return false;
}

// Commands whose traces in the files that are taken do not depend on the machine.
bool is_harmless(const ShellCommand& command) {
  static constexpr std::array<std::string_view, 22> kPrograms = {
      "go",     "apk",   "apt-get", "apt",  "mkdir", "cp",     "mv",
      "rm",     "chmod", "chown",   "ls",   "echo",  "cd",     "set",
      "true",   "test",  "touch",   "date", "git",   "export", "update-ca-certificates",
      "adduser"};
  const std::string program = command.program();
  return program.empty() ||
         std::find(kPrograms.begin(), kPrograms.end(), program) != kPrograms.end();
}

bool keeps_what_is_taken(const Family& family, const std::vector<GoBuild>& builds) {
  for (const StageView* stage : family.stages) {
    if (!stage->is_whole()) return false;
    for (const auto& step : stage->steps) {
      if (step.is_run() && step.commands.empty()) return false;
      for (const auto& command : step.commands)
        if (!is_harmless(command)) return false;
    }
  }
  for (const auto& build : builds)
    if (!build.is_without_cgo || build.command->words[1].value != "build") return false;
  for (const auto& taken : family.taken)
    for (const auto& source : taken.copy->sources) {
      const std::string path = resolved("/", source);
      // With "/" for its folder a build could be the source of anything.
      const bool is_output = std::any_of(builds.begin(), builds.end(), [&](const GoBuild& build) {
        const std::string& workdir = build.step->workdir;
        return (build.output != "/" && overlap(path, build.output)) ||
               (workdir != "/" && path.starts_with(workdir) && overlap(path, workdir));
      });
      if (path == "/" || (!is_output && !is_neutral_path(path))) return false;
    }
  return !builds.empty();
}

std::vector<Edit> on_build_platform(const DockerfileView& view, const StageView& stage) {
  const auto& head = stage.stage->head;
  constexpr std::string_view kFlag = "--platform=$BUILDPLATFORM";
  if (!stage.stage->from().platform.empty()) {
    const std::string flag = "--platform=" + stage.stage->from().platform;
    const size_t at = head.text.find(flag);
    if (at == head.text.npos) return {};
    const size_t begin = view.offset(head, at);
    return {{begin, begin + flag.size(), std::string(kFlag)}};
  }
  const size_t image = head.text.find_first_not_of(" \t", head.keyword.size());
  if (image == head.text.npos) return {};
  const size_t begin = view.offset(head, image);
  return {{begin, begin, std::string(kFlag) + " "}};
}

std::vector<Edit> name_the_target(const DockerfileView& view, const GoBuild& build,
                                  const StepView& first) {
  std::vector<Edit> fix = view.declare(*build.stage, first, "TARGETARCH");
  const size_t begin = build.step->script.file_offset(build.command->words.front().begin);
  fix.push_back({begin, begin, "GOARCH=$TARGETARCH "});
  return fix;
}

std::vector<Edit> go_fix(const DockerfileView& view, const Family& family,
                         const std::vector<GoBuild>& builds) {
  if (!keeps_what_is_taken(family, builds)) return {};
  std::vector<Edit> fix = on_build_platform(view, *family.root);
  std::map<const StageView*, const StepView*> first;  // of each stage, for the ARG
  for (const auto& build : builds) {
    if (build.has_goarch) continue;
    first.try_emplace(build.stage, build.step);
    for (auto& edit : name_the_target(view, build, *first.at(build.stage)))
      fix.push_back(std::move(edit));
  }
  return fix;
}

// Bundles of scripts and bytecode are the same for every machine.
bool takes_only_neutral_files(const Family& family, Toolchain toolchain) {
  const auto is_neutral = [&](std::string_view path) {
    const std::string name = resolved("/", path);
    if (toolchain == Toolchain::Jvm)
      return name.ends_with(".jar") || name.ends_with(".war") || name.ends_with("/libs");
    for (const std::string_view end : {"/dist", "/build", "/public", "/out", "/www"})
      if (name.ends_with(end)) return true;
    return false;
  };
  if (family.taken.empty()) return false;
  for (const auto& taken : family.taken)
    for (const auto& source : taken.copy->sources)
      if (!is_neutral(source)) return false;
  return true;
}

void add_finding(const DockerfileView& view, const Family& family, std::string message,
                 std::string advice, std::vector<Edit> fix, Report& report) {
  const auto& head = family.root->stage->head;
  const std::string& image = family.root->stage->from().image;
  const size_t at = std::min(head.text.find(image), head.text.size());
  const size_t begin = view.offset(head, at);
  report.add(family.root->begin, begin, begin + image.size(), std::move(message), std::move(advice),
             std::move(fix));
}

bool has_run(const Family& family) {
  for (const StageView* stage : family.stages)
    for (const auto& step : stage->steps)
      if (step.is_run()) return true;
  return false;
}

}  // namespace

void check_emulated_compiler(const DockerfileView& view, Report& report) {
  const auto known = report.facts().platforms.find(view.file().path);
  const bool is_for_several = view.speaks_of_platforms() ||
                              (known != report.facts().platforms.end() && known->second.size() > 1);
  for (const auto& family : compiler_families(view)) {
    if (family.root->platform != StagePlatform::Target || family.is_in_image) continue;
    if (!architecture_in(family.root->stage->name()).empty() || !has_run(family)) continue;
    const Toolchain toolchain = toolchain_of(*family.root);
    const auto builds = toolchain == Toolchain::Go ? go_builds(family) : std::vector<GoBuild>();
    const bool names_goarch = std::any_of(builds.begin(), builds.end(),
                                          [](const GoBuild& build) { return build.has_goarch; });
    if (!is_for_several && !names_goarch) continue;
    const std::string message = fmt::format(
        "{} of every platform but the build machine's runs under emulation{}", family.root->base,
        toolchain == Toolchain::Go ? ": GOARCH tells the compiler what to make, not where it runs"
                                   : "");
    const std::string platform =
        "FROM --platform=$BUILDPLATFORM " + family.root->stage->from().image;
    switch (toolchain) {
      case Toolchain::Go: {
        auto fix = go_fix(view, family, builds);
        std::string advice = fmt::format(
            "write {} with ARG TARGETARCH and GOARCH=$TARGETARCH: Go compiles for other machines{}",
            platform, fix.empty() ? "; with cgo it needs a C compiler for the target too" : "");
        add_finding(view, family, message, std::move(advice), std::move(fix), report);
        break;
      }
      case Toolchain::Jvm:
      case Toolchain::Node:
        add_finding(
            view, family, message,
            fmt::format("write {}, if what is copied from it has no machine code", platform),
            takes_only_neutral_files(family, toolchain) ? on_build_platform(view, *family.root)
                                                        : std::vector<Edit>(),
            report);
        break;
      default:
        add_finding(
            view, family, message,
            fmt::format("write {} and have the compiler make programs for $TARGETARCH", platform),
            {}, report);
    }
  }
}

void check_build_platform_output(const DockerfileView& view, Report& report) {
  for (const auto& family : compiler_families(view)) {
    if (family.root->platform != StagePlatform::Build ||
        toolchain_of(*family.root) != Toolchain::Go)
      continue;
    for (const auto& build : go_builds(family)) {
      if (build.has_goarch || asks_for_architecture(build.step->script.text)) continue;
      const bool is_taken =
          std::any_of(family.taken.begin(), family.taken.end(), [&](const auto& taken) {
            const auto& sources = taken.copy->sources;
            return taken.by->platform == StagePlatform::Target &&
                   std::any_of(sources.begin(), sources.end(), [&](const auto& source) {
                     return overlap(resolved("/", source), build.output);
                   });
          });
      if (!is_taken) continue;
      const auto& words = build.command->words;
      const size_t begin = build.step->script.file_offset(words[0].begin);
      report.add(build.step->begin, begin, build.step->script.file_offset(words[1].end - 1) + 1,
                 "the program is for the build machine, and every image gets it",
                 "write GOARCH=$TARGETARCH in front of it, after ARG TARGETARCH",
                 name_the_target(view, build, *build.step));
    }
  }
}

}  // namespace slipway::lint

// Rules about architectures that a Dockerfile names where it should ask for them.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "lint/dockerfile_view.h"
#include "lint/rules.h"

namespace slipway::lint {
namespace {

constexpr std::array<std::string_view, 12> kGoArchitectures = {
    "amd64",   "arm64",   "386",      "arm",    "ppc64le", "s390x",
    "riscv64", "loong64", "mips64le", "mips64", "mipsle",  "ppc64"};

bool is_go_architecture(std::string_view value) {
  return std::find(kGoArchitectures.begin(), kGoArchitectures.end(), value) !=
         kGoArchitectures.end();
}

/// A stage that is of one architecture on purpose may name it.
bool is_for_one_architecture(const StageView& stage) {
  return stage.platform == StagePlatform::Fixed || !architecture_in(stage.stage->name()).empty();
}

// A place where GOARCH has a fixed value.
struct FixedGoarch {
  const StepView* step;
  std::string value;
  size_t begin, value_begin, end;  // bytes of the file
  bool can_edit;
};

std::vector<FixedGoarch> fixed_goarchs(const DockerfileView& view, const StageView& stage) {
  std::vector<FixedGoarch> out;
  for (const auto& step : stage.steps) {
    const auto& instruction = *step.instruction;
    if (step.is_run()) {
      if (asks_for_architecture(step.script.text)) continue;
      for (const auto& command : step.commands)
        for (const auto& a : all_assignments(command))
          if (a.name == "GOARCH" && is_go_architecture(a.value))
            out.push_back({&step, a.value, step.script.file_offset(a.begin),
                           step.script.file_offset(a.value_begin),
                           step.script.file_offset(a.value_end - 1) + 1,
                           step.script.is_in_one_piece(a.begin, a.value_end)});
    } else if (const auto* env = instruction.as<dockerfile::Env>()) {
      for (const auto& pair : env->pairs) {
        if (pair.key != "GOARCH" || !is_go_architecture(pair.value)) continue;
        const std::string written = "GOARCH" + std::string(pair.legacy ? " " : "=") + pair.value;
        const size_t at = instruction.text.find(written);
        if (at == instruction.text.npos) continue;
        const size_t begin = view.offset(instruction, at);
        out.push_back({&step, pair.value, begin, begin + 7, begin + written.size(), true});
      }
    }
  }
  return out;
}

// The stage whose files the image takes is of one fixed platform, so the program fits it.
bool goes_to_fixed_platform(const DockerfileView& view, const StageView& stage,
                            std::string_view arch) {
  const auto copies = view.copies_from(stage.index);
  return !copies.empty() && std::all_of(copies.begin(), copies.end(), [&](const auto& copy) {
    return copy.by->platform == StagePlatform::Fixed && copy.by->fixed_platform.contains(arch);
  });
}

// An architecture's name in a word, as a whole: linux_amd64.tar, x86_64-linux-gnu, --arch=arm64.
struct Named {
  std::string arch;
  size_t begin, end;  // in the text that was searched
};

std::vector<Named> architectures_in(std::string_view text, size_t begin, size_t end) {
  std::vector<Named> out;
  const auto is_letter = [&](size_t at) {
    const char c = at < text.size() ? text[at] : ' ';
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  for (const std::string_view arch : {"amd64", "arm64", "x86_64", "aarch64", "x86-64"})
    for (size_t at = text.find(arch, begin); at != text.npos && at + arch.size() <= end;
         at = text.find(arch, at + 1))
      if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + arch.size()))
        out.push_back({std::string(arch), at, at + arch.size()});
  std::sort(out.begin(), out.end(),
            [](const Named& a, const Named& b) { return a.begin < b.begin; });
  return out;
}

std::string family_of(std::string_view arch) {
  return arch == "arm64" || arch == "aarch64" ? "arm64" : "amd64";
}

bool is_one_family(const std::vector<Named>& names) {
  return std::all_of(names.begin(), names.end(), [&](const Named& name) {
    return family_of(name.arch) == family_of(names.front().arch);
  });
}

// The shell replaces nothing inside single quotes.
bool in_single_quotes(std::string_view script, size_t at) {
  bool single = false, twice = false;
  for (size_t i = 0; i < at; ++i) {
    if (script[i] == '\\' && !single) {
      ++i;
    } else if (script[i] == '\'' && !twice) {
      single = !single;
    } else if (script[i] == '"' && !single) {
      twice = !twice;
    }
  }
  return single;
}

std::vector<Named> named_in_run(const StepView& step) {
  std::vector<Named> all;
  for (const auto& command : step.commands) {
    const std::string program = command.program();
    if (program == "echo" || program == "printf" || program == "grep") continue;
    // GOARCH has a rule of its own; other variables are names too, as in ARCH=amd64.
    for (const auto& assignment : command.assignments)
      if (assignment.name != "GOARCH")
        for (auto& name :
             architectures_in(step.script.text, assignment.value_begin, assignment.value_end))
          all.push_back(std::move(name));
    for (const auto& word : command.words) {
      if (word.value.starts_with("GOARCH=")) continue;
      for (auto& name : architectures_in(step.script.text, word.begin, word.end))
        all.push_back(std::move(name));
    }
  }
  return all;
}

void check_run(const DockerfileView& view, const StageView& stage, const StepView& step,
               Report& report) {
  if (asks_for_architecture(step.script.text)) return;
  const auto names = named_in_run(step);
  if (names.empty() || !is_one_family(names)) return;
  const bool has_checksum =
      step.script.text.contains("sha256sum") || step.script.text.contains("sha512sum");
  std::vector<Edit> fix;
  bool can_fix = stage.platform == StagePlatform::Target && !has_checksum;
  bool needs_arg = false;
  for (const auto& name : names) {
    can_fix &= step.script.is_in_one_piece(name.begin, name.end) &&
               !in_single_quotes(step.script.text, name.begin);
    const bool is_docker_name = name.arch == "amd64" || name.arch == "arm64";
    needs_arg |= is_docker_name;
    const size_t begin = step.script.file_offset(name.begin);
    fix.push_back(
        {begin, begin + (name.end - name.begin), is_docker_name ? "${TARGETARCH}" : "$(uname -m)"});
    can_fix &= name.arch != "x86-64";
  }
  if (needs_arg)
    for (auto& edit : view.declare(stage, step, "TARGETARCH")) fix.push_back(std::move(edit));
  if (!can_fix) fix.clear();
  const Named& first = names.front();
  const bool is_debian = first.arch == "amd64" || first.arch == "arm64";
  std::string advice = is_debian
                           ? "write ${TARGETARCH} and declare it with ARG TARGETARCH"
                           : "write $(uname -m), which is the architecture that the step runs on";
  if (has_checksum)
    advice =
        "the checksum is that of one architecture too: choose both with case \"$TARGETARCH\" in";
  else if (stage.platform == StagePlatform::Build)
    advice =
        "the stage runs on the build machine: $BUILDARCH for tools that run here, $TARGETARCH "
        "for what the image gets";
  const size_t begin = step.script.file_offset(first.begin);
  report.add(step.begin, begin, begin + (first.end - first.begin),
             fmt::format("{} is fixed here, so images for other architectures get the files of {}",
                         first.arch, family_of(first.arch)),
             std::move(advice), std::move(fix));
}

void check_sources(const DockerfileView& view, const StageView& stage, const StepView& step,
                   const dockerfile::Transfer& transfer, bool is_add, Report& report) {
  const auto& instruction = *step.instruction;
  for (const auto& source : transfer.sources) {
    if (is_add && !source.contains("://")) continue;
    if (source.contains("TARGETARCH") || source.contains("TARGETPLATFORM")) continue;
    const auto names = architectures_in(source, 0, source.size());
    const size_t at = instruction.text.find(source);
    if (names.empty() || at == instruction.text.npos || !is_one_family(names)) continue;
    const auto* add = instruction.as<dockerfile::Add>();
    bool can_fix = is_add && add->checksum.empty() && stage.platform != StagePlatform::Fixed;
    std::vector<Edit> fix;
    for (const auto& name : names) {
      can_fix &= name.arch == "amd64" || name.arch == "arm64";
      const size_t begin = view.offset(instruction, at + name.begin);
      fix.push_back({begin, begin + (name.end - name.begin), "${TARGETARCH}"});
    }
    for (auto& edit : view.declare(stage, step, "TARGETARCH")) fix.push_back(std::move(edit));
    const size_t begin = view.offset(instruction, at + names.front().begin);
    std::string advice = can_fix ? "write ${TARGETARCH} and declare it with ARG TARGETARCH"
                         : is_add
                             ? "have one stage for each architecture, named like fetch-amd64, and "
                               "copy from fetch-$TARGETARCH"
                             : "copy from a folder whose name does not tell the architecture, or "
                               "have one stage for each";
    report.add(
        step.begin, begin, begin + names.front().arch.size(),
        fmt::format("{} is fixed here, so images for other architectures get the files of {}",
                    names.front().arch, family_of(names.front().arch)),
        std::move(advice), can_fix ? std::move(fix) : std::vector<Edit>());
  }
}

}  // namespace

void check_hard_coded_goarch(const DockerfileView& view, Report& report) {
  for (const auto& stage : view.stages()) {
    if (is_for_one_architecture(stage)) continue;
    const auto fixed = fixed_goarchs(view, stage);
    std::set<std::string> values;
    for (const auto& place : fixed) values.insert(place.value);
    if (values.size() != 1) continue;  // none, or a stage that makes programs for several
    if (goes_to_fixed_platform(view, stage, *values.begin())) continue;
    for (const auto& place : fixed) {
      std::vector<Edit> fix;
      if (place.can_edit) {
        fix = view.declare(stage, *fixed.front().step, "TARGETARCH");
        fix.push_back({place.value_begin, place.end, "$TARGETARCH"});
      }
      report.add(
          place.step->begin, place.begin, place.end,
          fmt::format("GOARCH={0} gives a program for {0} whatever the image is for: an image "
                      "of any other platform fails with \"exec format error\", or runs it "
                      "beside tools of another architecture",
                      place.value),
          fmt::format("write GOARCH=$TARGETARCH after ARG TARGETARCH; where {0} is deployed, "
                      "build with --platform linux/{0}",
                      place.value),
          std::move(fix));
    }
  }
}

void check_hard_coded_architecture(const DockerfileView& view, Report& report) {
  for (const auto& stage : view.stages()) {
    if (is_for_one_architecture(stage)) continue;
    for (const auto& step : stage.steps) {
      if (step.is_run()) check_run(view, stage, step, report);
      if (const auto* add = step.instruction->as<dockerfile::Add>())
        check_sources(view, stage, step, *add, true, report);
      if (const auto* copy = step.instruction->as<dockerfile::Copy>(); copy && !copy->from.empty())
        check_sources(view, stage, step, *copy, false, report);
    }
  }
}

void check_undeclared_platform_arg(const DockerfileView& view, Report& report) {
  constexpr std::array<std::string_view, 8> kNames = {
      "TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
      "BUILDPLATFORM",  "BUILDOS",  "BUILDARCH",  "BUILDVARIANT"};
  for (const auto& stage : view.stages())
    for (const std::string_view name : kNames) {
      bool was_reported = false;
      for (const auto& step : stage.steps) {
        if (const auto* env = step.instruction->as<dockerfile::Env>())
          for (const auto& pair : env->pairs) was_reported |= pair.key == name;
        const std::string& script = step.script.text;
        for (size_t at = script.find('$'); at != script.npos && !was_reported;
             at = script.find('$', at + 1)) {
          const size_t begin = at + (script.compare(at + 1, 1, "{") == 0 ? 2 : 1);
          const size_t end = script.find_first_not_of(
              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", begin);
          if (script.substr(begin, end == script.npos ? end : end - begin) != name) continue;
          if (in_single_quotes(script, at) || script.contains(std::string(name) + "=") ||
              view.declares(stage, name, step))
            break;
          const size_t place = step.script.file_offset(at);
          report.add(step.begin, place, place + (begin - at) + name.size(),
                     fmt::format("{} is empty here: the stage does not declare it", name),
                     fmt::format("write ARG {} above the instruction", name),
                     view.declare(stage, step, name));
          was_reported = true;
        }
      }
    }
}

}  // namespace slipway::lint

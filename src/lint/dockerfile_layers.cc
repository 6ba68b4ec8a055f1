// Rules about what a change of the sources repeats, what layers keep, and what cache mounts mix.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "lint/dockerfile_view.h"
#include "lint/rules.h"
#include "os/fs.h"

namespace slipway::lint {
namespace {

// --- downloads -------------------------------------------------------------------------------

bool copies_whole_context(const StepView& step) {
  const auto* copy = step.instruction->as<dockerfile::Copy>();
  return copy && copy->from.empty() &&
         std::any_of(copy->sources.begin(), copy->sources.end(), [](const std::string& source) {
           return source == "." || source == "./" || source == "*" || source == "./*";
         });
}

// What a command fetches; `manifest` is the file of the context that says what, if one does.
struct Download {
  std::string what;
  std::string manifest;
};

std::optional<Download> download_of(const ShellCommand& command) {
  const std::string program = command.program();
  const auto has = [&](std::string_view word) { return command.is(program, word); };
  if (program == "curl" || program == "wget") {
    // A variable in front of a path stands for the server.
    for (const auto& word : command.words)
      if (word.value.contains("://") || (word.value.starts_with('$') && word.value.contains('/')))
        return Download{os::base_name(word.value), {}};
    return std::nullopt;
  }
  if (program == "git" && has("clone")) return Download{"the repository", {}};
  if ((program == "gsutil" && has("cp")) || (program == "aws" && has("s3")) ||
      (program == "huggingface-cli" && has("download")) ||
      (program.starts_with("python") && has("download")))
    return Download{"the files", {}};
  if ((program == "apt-get" || program == "apt") && has("install")) return Download{"packages", {}};
  if (program == "apk" && has("add")) return Download{"packages", {}};
  if (program.starts_with("pip") && has("install")) {
    const std::string file = command.option("r", "requirement");
    if (!file.empty()) return Download{"dependencies", file};
    return std::nullopt;
  }
  if (program == "npm" && (has("ci") || has("install")) && command.arguments().size() == 1)
    return Download{"dependencies", "package.json package-lock.json"};
  if ((program == "yarn" || program == "pnpm") && has("install"))
    return Download{"dependencies",
                    program == "yarn" ? "package.json yarn.lock" : "package.json pnpm-lock.yaml"};
  if (program == "go" && command.words.size() > 2 && command.words[1].value == "mod" &&
      command.words[2].value == "download")
    return Download{"modules", "go.mod go.sum"};
  if (program == "bundle" && has("install")) return Download{"gems", "Gemfile Gemfile.lock"};
  if (program == "composer" && has("install"))
    return Download{"dependencies", "composer.json composer.lock"};
  return std::nullopt;
}

// Whether the whole RUN would do the same above the COPY: it only fetches and unpacks.
bool needs_no_sources(const StepView& step) {
  static constexpr std::array<std::string_view, 9> kKnown = {
      "curl", "wget", "tar", "rm", "mkdir", "unzip", "apk", "gunzip", "set"};
  for (const auto& command : step.commands) {
    const std::string program = command.program();
    const bool is_known =
        std::find(kKnown.begin(), kKnown.end(), program) != kKnown.end() || program == "apt-get";
    if (!is_known || command.before == "<") return false;
    for (const auto& word : command.words)
      if (word.value.contains('$') || word.value.starts_with('@') || word.value.starts_with('<'))
        return false;
  }
  return !step.commands.empty() && step.instruction->as<dockerfile::Run>()->mounts.empty();
}

// Folders that the downloads write to and that the COPY may have made.
std::vector<std::string> folders_of_copy(const StepView& step, const StepView& copy) {
  std::vector<std::string> out;
  const std::string dest = resolved(copy.workdir, copy.instruction->as<dockerfile::Copy>()->dest);
  const auto add = [&](const std::string& folder) {
    if (!overlap(folder, dest) || folder == dest || folder == step.workdir ||
        dest.starts_with(folder + "/"))
      return;
    if (std::find(out.begin(), out.end(), folder) == out.end()) out.push_back(folder);
  };
  for (const auto& command : step.commands) {
    const std::string program = command.program();
    if (program == "mkdir") return {};  // it sees to them itself
    std::string file;
    if (program == "curl") file = command.option("o", "output");
    if (program == "wget") file = command.option("O", "output-document");
    if (!file.empty() && file != "-") add(os::dir_name(resolved(step.workdir, file)));
    std::string folder;
    if (program == "tar") folder = command.option("C", "directory");
    if (program == "wget") folder = command.option("P", "directory-prefix");
    if (program == "unzip") folder = command.option("d", "");
    if (!folder.empty()) add(resolved(step.workdir, folder));
  }
  return out;
}

// The RUN with its comments, in front of the COPY and the comments of that.
std::vector<Edit> move_up(const DockerfileView& view, const StepView& step, const StepView& copy) {
  const std::string& text = view.file().text;
  size_t end = step.end;
  const int next = step.instruction->span.end_line + 1;
  const bool has_gap =
      step.lead > 0 && trim(view.lines().line(view.lines().place(step.lead).line - 1)).empty();
  if (has_gap && next <= view.lines().count() && trim(view.lines().line(next)).empty())
    end = view.lines().start(next + 1);
  std::string block = text.substr(step.lead, end - step.lead);
  if (!block.ends_with('\n')) block += line_end_of(text);
  const auto folders = folders_of_copy(step, copy);
  if (!folders.empty()) {
    const size_t at = step.script.file_offset(step.commands.front().begin);
    block.insert(at - step.lead, fmt::format("mkdir -p {} && ", join(folders, " ")));
  }
  return {{copy.lead, copy.lead, std::move(block)}, {step.lead, end, ""}};
}

bool is_without_files(const dockerfile::Instruction& instruction) {
  return instruction.as<dockerfile::Cmd>() || instruction.as<dockerfile::Entrypoint>() ||
         instruction.as<dockerfile::Expose>() || instruction.as<dockerfile::Label>() ||
         instruction.as<dockerfile::Healthcheck>() || instruction.as<dockerfile::Stopsignal>();
}

// --- apt -------------------------------------------------------------------------------------

bool is_apt(const ShellCommand& command, std::string_view verb) {
  return command.is("apt-get", verb) || command.is("apt", verb);
}
bool has_apt(const StepView& step, std::string_view verb) {
  return std::any_of(step.commands.begin(), step.commands.end(),
                     [&](const ShellCommand& command) { return is_apt(command, verb); });
}

bool cleans_lists(const StepView& step) {
  if (step.script.text.contains("/var/lib/apt/lists") ||
      step.script.text.contains("apt-get dist-clean"))
    return true;
  for (const auto& mount : step.instruction->as<dockerfile::Run>()->mounts)
    if (mount.text.contains("/var/lib/apt")) return true;
  return false;
}

// Whether some RUN below needs the lists that this one left.
bool lists_are_needed(const StageView& stage, const StepView& step) {
  bool is_below = false;
  for (const auto& other : stage.steps) {
    if (is_below && has_apt(other, "install") && !has_apt(other, "update")) return true;
    is_below |= &other == &step;
  }
  return false;
}

std::vector<Edit> clean_lists(const DockerfileView& view, const StageView& stage,
                              const StepView& step) {
  const auto& command = step.instruction->as<dockerfile::Run>()->command;
  if (command.form != dockerfile::Command::Form::Shell || !command.heredocs.empty() ||
      !has_apt(step, "update") || lists_are_needed(stage, step) || step.script.text.contains('#') ||
      step.script.text.ends_with(';'))
    return {};
  for (const auto& other : step.commands)
    if (!other.before.empty() && other.before != "&&") return {};
  const size_t at = step.script.file_offset(step.script.text.size() - 1) + 1;
  const int last = view.lines().place(at).line;
  std::string text = "&& rm -rf /var/lib/apt/lists/*";
  if (last == step.instruction->span.line) return {{at, at, " " + text}};
  const std::string_view line = view.lines().line(last);
  const std::string indent(line.substr(0, line.find_first_not_of(" \t")));
  return {{at, at,
           fmt::format(" {}{}{}{}", view.dockerfile().directives.escape,
                       line_end_of(view.file().text), indent, text)}};
}

// --- cache mounts ----------------------------------------------------------------------------

// Directories whose files belong to one architecture: package managers' and build results.
bool depends_on_architecture(std::string_view target) {
  for (const std::string_view known :
       {"/var/cache/apt", "/var/lib/apt", "/var/cache/apk", "/etc/apk/cache", "/var/cache/dnf",
        "/var/cache/yum", "/var/cache/zypp"})
    if (overlap(target, known) && target != "/") return true;
  return target.ends_with("/target") || target.ends_with("/node_modules") ||
         target.ends_with("/.venv") || target.ends_with("/venv");
}

std::string field(const dockerfile::MountSpec& mount, std::string_view key) {
  for (const auto& entry : mount.fields)
    if (entry.key == key) return entry.value.value_or("");
  return {};
}

}  // namespace

void check_download_after_copy(const DockerfileView& view, Report& report) {
  for (const auto& stage : view.stages()) {
    const StepView* copy = nullptr;
    bool can_move = true;           // everything since the COPY would stay as it is
    std::vector<std::string> done;  // installers that have run above the COPY
    for (const auto& step : stage.steps) {
      if (copies_whole_context(step)) {
        copy = &step;
        can_move = true;
        continue;
      }
      if (step.is_run()) {
        const Download* found = nullptr;
        const ShellCommand* by = nullptr;
        std::optional<Download> download;
        for (const auto& command : step.commands) {
          auto one = download_of(command);
          if (!one) continue;
          if (!copy) {
            done.push_back(command.program());
          } else if (!found &&
                     (one->manifest.empty() ||
                      std::find(done.begin(), done.end(), command.program()) == done.end())) {
            download = std::move(one);
            found = &*download;
            by = &command;
          }
        }
        if (found) {
          const std::string advice =
              found->manifest.empty()
                  ? "move it above the COPY, or into a stage of its own that the image copies from"
                  : fmt::format("above it: COPY {} ./ and this RUN; then COPY . .",
                                found->manifest);
          auto fix =
              can_move && found->manifest.empty() && needs_no_sources(step) && view.is_whole()
                  ? move_up(view, step, *copy)
                  : std::vector<Edit>();
          const size_t begin = step.script.file_offset(by->words.front().begin);
          can_move &= !fix.empty();
          report.add(
              step.begin, begin, begin + by->words.front().value.size(),
              fmt::format("{} fetched after COPY of the whole context: every change of a source "
                          "file fetches {} again",
                          found->what == "packages" || found->what.ends_with("s")
                              ? found->what + " are"
                              : found->what + " is",
                          found->what.ends_with("s") ? "them" : "it"),
              advice, std::move(fix));
        } else if (copy) {
          can_move = false;
        }
      } else if (copy && !is_without_files(*step.instruction)) {
        can_move = false;
      }
    }
  }
}

void check_apt_cleaning(const DockerfileView& view, Report& report) {
  for (const auto& stage : view.stages()) {
    if (!view.is_in_image(stage.index) || !stage.is_whole()) continue;
    for (const auto& step : stage.steps) {
      if (!step.is_run() || cleans_lists(step)) continue;
      for (const auto& command : step.commands) {
        const bool is_alone = is_apt(command, "update") && !has_apt(step, "install");
        if (!is_apt(command, "install") && !is_alone) continue;
        if (!has_apt(step, "update")) break;  // what left the lists is the one to blame
        const size_t begin = step.script.file_offset(command.words.front().begin);
        report.add(
            step.begin, begin, begin + command.words.front().value.size(),
            is_alone ? "the package lists stay in the layer, and installs below use them even "
                       "when they are old"
                     : "the package lists stay in the layer, some 20 to 50 MB",
            is_alone ? "update and install in one RUN that ends with rm -rf /var/lib/apt/lists/*"
                     : "end the RUN with && rm -rf /var/lib/apt/lists/*",
            is_alone ? std::vector<Edit>() : clean_lists(view, stage, step));
        break;
      }
    }
  }
}

void check_shared_cache_mount(const DockerfileView& view, Report& report) {
  const auto known = report.facts().platforms.find(view.file().path);
  if (!view.speaks_of_platforms() &&
      (known == report.facts().platforms.end() || known->second.size() < 2))
    return;
  for (const auto& stage : view.stages()) {
    if (stage.platform != StagePlatform::Target) continue;
    for (const auto& step : stage.steps) {
      if (!step.is_run()) continue;
      for (const auto& mount : step.instruction->as<dockerfile::Run>()->mounts) {
        if (field(mount, "type") != "cache" || mount.text.contains("TARGETARCH") ||
            mount.text.contains("TARGETPLATFORM"))
          continue;
        std::string target = field(mount, "target");
        if (target.empty()) target = field(mount, "dst");
        if (target.empty()) target = field(mount, "destination");
        target = resolved(step.workdir, target);
        if (!depends_on_architecture(target)) continue;
        const auto& text = step.instruction->text;
        const std::string flag = "--mount=" + mount.text;
        const size_t at = text.find(flag);
        if (at == text.npos) continue;
        const size_t begin = view.offset(*step.instruction, at);
        const std::string id = field(mount, "id");
        std::vector<Edit> fix = view.declare(stage, step, "TARGETARCH");
        if (id.empty()) {
          std::string name = target.substr(1);
          std::replace(name.begin(), name.end(), '/', '-');
          const size_t end = begin + flag.size();
          fix.push_back({end, end, fmt::format(",id={}-$TARGETARCH", name)});
        } else {
          const size_t value = text.find("id=" + id, at);
          const size_t end = view.offset(*step.instruction, value + 3 + id.size());
          fix.push_back({end, end, "-$TARGETARCH"});
        }
        report.add(step.begin, begin, begin + flag.size(),
                   fmt::format("all platforms share the cache mount {}, whose files belong to one "
                               "architecture",
                               target),
                   "have the architecture in its id, as in id=name-$TARGETARCH", std::move(fix));
      }
    }
  }
}

}  // namespace slipway::lint

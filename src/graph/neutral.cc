#include "graph/neutral.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/text.h"

namespace slipway::graph {
namespace {

/// The commands of a shell text that is nothing but plain words, "&&" and line ends; nothing for
/// any other text.
std::vector<std::vector<std::string>> plain_commands(std::string_view text) {
  constexpr std::string_view kMeansSomething = "$`\"'\\;|<>(){}*?[]~#!\t";
  if (text.find_first_of(kMeansSomething) != text.npos) return {};
  std::vector<std::vector<std::string>> out;
  for (const auto& line : split(text, '\n')) {
    bool wants_command = false;  // behind an "&&"
    std::vector<std::string> words;
    for (const auto& word : split(line, ' ')) {
      if (word.empty()) continue;
      if (word != "&&") {
        if (word.find('&') != word.npos) return {};
        words.push_back(word);
        wants_command = false;
        continue;
      }
      if (words.empty()) return {};
      out.push_back(std::move(words));
      words.clear();
      wants_command = true;
    }
    if (wants_command) return {};
    if (!words.empty()) out.push_back(std::move(words));
  }
  return out;
}

bool has_flags(const std::vector<std::string>& words, size_t from,
               const std::vector<std::string>& wanted) {
  // A word that is no flag may be the value of one, such as a folder: its meaning is not known
  // here.
  if (!std::all_of(words.begin() + static_cast<std::ptrdiff_t>(from), words.end(),
                   [](const auto& word) { return word.starts_with("-"); }))
    return false;
  return std::ranges::all_of(
      wanted, [&](const auto& flag) { return std::ranges::find(words, flag) != words.end(); });
}

bool is_known(const std::vector<std::string>& words) {
  if (words.size() < 2) return false;
  if (words[0] == "npm" && words[1] == "ci") return has_flags(words, 2, {"--ignore-scripts"});
  if (words[0] == "npm" && words[1] == "cache")
    return words == std::vector<std::string>{"npm", "cache", "clean", "--force"};
  if (words[0] == "composer" && words[1] == "install")
    return has_flags(words, 2, {"--no-scripts", "--no-plugins"});
  return false;
}

/// 64 bits, least significant byte first: what all that a known command asks is the same on.
bool is_usual(const oci::Platform& platform) {
  return platform.os == "linux" &&
         (platform.arch == "amd64" || platform.arch == "arm64" || platform.arch == "riscv64" ||
          platform.arch == "ppc64le" || platform.arch == "loong64");
}

}  // namespace

Said said_above(const std::vector<std::string>& comments) {
  constexpr std::string_view kOurs = "slipway:";
  Said out = Said::Nothing;
  for (const auto& comment : comments) {
    if (!comment.starts_with(kOurs)) continue;
    const std::string word(trim(std::string_view(comment).substr(kOurs.size())));
    if (word != "neutral" && word != "per-platform")
      throw Error(
          fmt::format("unknown word in the comment \"# {}\"", comment), {},
          "write `# slipway: neutral` above a RUN that writes the same files on every platform, or "
          "`# slipway: per-platform` above one that does not");
    out = word == "neutral" ? Said::Neutral : Said::PerPlatform;
  }
  return out;
}

bool may_be_neutral(const dockerfile::Instruction& instruction) {
  const auto* run = instruction.as<dockerfile::Run>();
  if (!run) return false;
  if (std::ranges::any_of(instruction.comments,
                          [](const auto& comment) { return comment.starts_with("slipway:"); }))
    return true;
  const auto has_flag = [](const std::string& text) {
    return text.find("--ignore-scripts") != text.npos || text.find("--no-scripts") != text.npos;
  };
  return has_flag(instruction.text) ||
         std::ranges::any_of(run->command.heredocs,
                             [&](const auto& heredoc) { return has_flag(heredoc.content); });
}

bool is_known_neutral(const std::vector<std::string>& argv) {
  if (argv.empty()) return false;
  std::vector<std::vector<std::string>> commands = {argv};
  const std::string& program = argv[0];
  if (argv.size() == 3 && (program == "/bin/sh" || program == "/bin/bash") &&
      argv[1].starts_with("-") && argv[1].ends_with("c"))
    commands = plain_commands(argv[2]);
  return !commands.empty() && std::ranges::all_of(commands, is_known);
}

void pair_neutral_steps(Graph& graph, const oci::Platform& build_platform) {
  // By build, stage, place and command: triggers of a base image all have the place of their FROM.
  using Place = std::tuple<uint32_t, std::string, std::string, std::vector<std::string>>;
  std::map<Place, std::vector<StepId>> groups;
  for (StepId id = 0; id < graph.steps.size(); ++id) {
    const Step& step = graph.steps[id];
    const auto* run = step.as<Run>();
    if (!run || run->neutral == Neutral::No ||
        (run->neutral == Neutral::Known && !is_usual(step.platform)))
      continue;
    groups[{step.job, step.stage, step.location, run->argv}].push_back(id);
  }
  for (const auto& [place, ids] : groups) {
    const auto native = std::ranges::find_if(ids, [&](StepId id) {
      return oci::runs_natively(build_platform, graph.steps[id].platform);
    });
    const StepId first = native == ids.end() ? ids.front() : *native;
    // Inputs come before their users; Lowering sees to it that the build platform's steps do.
    for (const StepId id : ids)
      if (id > first && graph.steps[id].platform.str() != graph.steps[first].platform.str())
        graph.steps[id].same_as = first;
  }
}

}  // namespace slipway::graph

// See workflow_view.h. The grammar is that of
// https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions.
#include "lint/workflow_view.h"

#include <algorithm>

#include "base/text.h"
#include "os/fs.h"

namespace slipway::lint {
namespace {

constexpr size_t kMaxCombinations = 256;  // as GitHub allows

std::string unspaced(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != '\t') out += c;
  return out;
}

std::vector<std::string> texts_of(const yaml::Node* node) {
  if (!node) return {};
  if (node->is_scalar())
    return node->text.empty() ? std::vector<std::string>() : std::vector{node->text};
  std::vector<std::string> out;
  for (const yaml::Node* item : node->items)
    if (item->is_scalar()) out.push_back(item->text);
  return out;
}

bool matches(const Values& combination, const Values& some) {
  return std::all_of(some.begin(), some.end(), [&](const auto& entry) {
    const auto it = combination.find(entry.first);
    return it != combination.end() && it->second == entry.second;
  });
}

Values values_of(const yaml::Node& mapping) {
  Values out;
  for (const auto& [key, value] : mapping.members)
    if (key->is_scalar() && value->is_scalar()) out[key->text] = value->text;
  return out;
}

// The combinations as GitHub makes them: every value of every key, less `exclude`; an entry of
// `include` goes to those it changes nothing of, or is one of its own.
std::vector<Values> combinations_of(const yaml::Node& matrix, std::vector<std::string>& keys) {
  std::vector<Values> out = {{}};
  for (const auto& [key, value] : matrix.members) {
    if (key->text == "include" || key->text == "exclude") continue;
    keys.push_back(key->text);
    const auto texts = texts_of(value->is_sequence() ? value : nullptr);
    if (texts.empty() || out.size() * texts.size() > kMaxCombinations) continue;
    std::vector<Values> next;
    for (const auto& combination : out)
      for (const auto& text : texts) {
        next.push_back(combination);
        next.back()[key->text] = text;
      }
    out = std::move(next);
  }
  if (const yaml::Node* exclude = yaml::find(matrix, "exclude"))
    for (const yaml::Node* entry : exclude->items) {
      const Values some = values_of(*entry);
      std::erase_if(out, [&](const Values& combination) { return matches(combination, some); });
    }
  const std::vector<Values> original = out;
  if (const yaml::Node* include = yaml::find(matrix, "include"))
    for (const yaml::Node* entry : include->items) {
      const Values more = values_of(*entry);
      bool was_added = false;
      for (size_t i = 0; i < original.size(); ++i) {
        Values shared;
        for (const auto& [key, value] : more)
          if (original[i].contains(key)) shared[key] = value;
        if (!matches(original[i], shared) || (shared.empty() && original[i].empty())) continue;
        for (const auto& [key, value] : more) out[i][key] = value;
        was_added = true;
      }
      if (was_added) continue;
      if (out.size() == 1 && out.front().empty()) out.clear();
      out.push_back(more);
      for (const auto& [key, value] : more)
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  if (out.empty()) out.emplace_back();
  return out;
}

// "${{ github.sha }}" is one word for the shell.
std::string with_short_expressions(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = std::min(text.find("${{", at), text.size());
    const size_t close = text.find("}}", open);
    if (close == text.npos) return out += text.substr(at);
    out += text.substr(at, open - at);
    for (const char c : unspaced(text.substr(open, close + 2 - open)))
      out += c == '|' || c == '&' || c == '(' || c == ')' || c == '\'' || c == ';' ? '_' : c;
    at = close + 2;
  }
  return out;
}

std::string last_argument(const ShellCommand& command) {
  return command.words.size() > 2 ? command.words.back().value : std::string();
}

std::string all_options(const ShellCommand& command, std::string_view name) {
  std::string out;
  const std::string longer = "--" + std::string(name);
  for (size_t i = 1; i < command.words.size(); ++i) {
    const std::string& word = command.words[i].value;
    std::string value;
    if (word.starts_with(longer + "="))
      value = word.substr(longer.size() + 1);
    else if (word == longer && i + 1 < command.words.size())
      value = command.words[i + 1].value;
    if (!value.empty()) out += (out.empty() ? "" : "\n") + value;
  }
  return out;
}

}  // namespace

bool WorkflowStep::is_action(std::string_view action) const {
  return uses == action || uses.starts_with(std::string(action) + "@");
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& line : split(text, '\n'))
    for (const auto& word : split(line, ','))
      if (const auto trimmed = trim(word); !trimmed.empty()) out.emplace_back(trimmed);
  return out;
}

std::string cache_field(std::string_view spec, std::string_view key) {
  for (const auto& field : list_of(spec))
    if (field.starts_with(std::string(key) + "=")) return field.substr(key.size() + 1);
  return {};
}

std::string runner_architecture(const std::vector<std::string>& labels) {
  std::string found;
  for (const auto& label : labels) {
    const std::string lower = to_lower(label);
    if (lower.contains("${{")) return {};
    if (lower.contains("arm64") || lower.ends_with("-arm") || lower.contains("aarch64") ||
        lower.contains("-arm-"))
      return "arm64";
    if (lower == "x64" || lower.contains("amd64") || lower.contains("x86_64")) found = "amd64";
    if (lower.starts_with("ubuntu-") || lower.starts_with("windows-")) found = "amd64";
  }
  return found;
}

bool is_hosted(const std::vector<std::string>& labels) {
  return labels.size() == 1 && labels.front().starts_with("ubuntu-");
}

WorkflowView::WorkflowView(const SourceFile& file) : file_(file), lines_(file.text) {
  try {
    document_ = yaml::parse(file.text, file.path);
  } catch (const Error& error) {
    mistake_ = error;
    return;
  }
  if (const yaml::Node* env = yaml::find(document_.root(), "env")) env_ = values_of(*env);
  const yaml::Node* jobs = yaml::find(document_.root(), "jobs");
  if (!jobs || !jobs->is_mapping()) return;
  jobs_.reserve(jobs->members.size());
  for (const auto& [key, node] : jobs->members)
    if (key->is_scalar() && node->is_mapping()) read_job(key->text, *key, *node);
}

void WorkflowView::read_job(const std::string& id, const yaml::Node& key, const yaml::Node& node) {
  WorkflowJob job;
  job.id = id;
  job.node = &node;
  job.begin = key.begin;
  job.runs_on = yaml::find(node, "runs-on");
  job.needs = texts_of(yaml::find(node, "needs"));
  const yaml::Node* matrix = yaml::find_path(node, {"strategy", "matrix"});
  if (matrix && matrix->is_mapping())
    job.combinations = combinations_of(*matrix, job.matrix_keys);
  else
    job.combinations.emplace_back();
  if (const yaml::Node* steps = yaml::find(node, "steps"); steps && steps->is_sequence()) {
    job.steps.reserve(steps->items.size());
    for (const yaml::Node* step : steps->items)
      if (step->is_mapping()) read_step(*step, job);
  }
  find_builds(job);
  jobs_.push_back(std::move(job));
}

void WorkflowView::read_step(const yaml::Node& node, WorkflowJob& job) {
  WorkflowStep step;
  step.node = &node;
  step.name = yaml::string_or(node, "name");
  step.uses = yaml::string_or(node, "uses");
  step.run = yaml::string_or(node, "run");
  step.with = yaml::find(node, "with");
  const int first = lines_.place(node.begin).line;
  step.begin = lines_.start(first);
  const std::string_view line = lines_.line(first);
  step.indent = line.substr(0, std::min(line.find('-'), line.size()));
  int last = first;
  for (int number = first + 1; number <= lines_.count(); ++number) {
    const std::string_view text = lines_.line(number);
    const size_t depth = text.find_first_not_of(" \t");
    if (depth == text.npos) continue;
    if (depth > step.indent.size())
      last = number;
    else if (text[depth] != '#')
      break;
  }
  step.end = lines_.start(last + 1);
  job.steps.push_back(std::move(step));
}

void WorkflowView::find_builds(WorkflowJob& job) {
  for (const auto& step : job.steps) {
    if (step.is_action("docker/build-push-action")) {
      ImageBuild build;
      build.step = &step;
      build.by_action = true;
      const yaml::Node* uses = yaml::find(*step.node, "uses");
      build.begin = uses->begin;
      build.end = uses->end;
      if (step.with) {
        build.platforms_node = yaml::find(*step.with, "platforms");
        build.platforms = list_of(yaml::string_or(*step.with, "platforms"));
        build.file = yaml::string_or(*step.with, "file");
        build.context = yaml::string_or(*step.with, "context");
        build.cache_from = yaml::string_or(*step.with, "cache-from");
        build.cache_to = yaml::string_or(*step.with, "cache-to");
      }
      job.builds.push_back(std::move(build));
    }
    if (step.run.empty()) continue;
    const std::string script = with_short_expressions(step.run);
    for (const auto& command : shell_commands(script)) {
      const auto words = command.arguments();
      const bool is_build =
          command.program() == "docker" && !words.empty() &&
          (words[0].value == "build" ||
           (words.size() > 1 && words[0].value == "buildx" && words[1].value == "build"));
      if (!is_build &&
          !(command.program() == "slipway" && !words.empty() && words[0].value == "build"))
        continue;
      ImageBuild build;
      build.step = &step;
      build.platforms = list_of(all_options(command, "platform"));
      build.file = command.option("f", "file");
      const std::string context = last_argument(command);
      build.context = context.starts_with('-') ? std::string() : context;
      build.cache_from = all_options(command, "cache-from");
      build.cache_to = all_options(command, "cache-to");
      // The words of the command, as the file has them.
      const yaml::Node* run = yaml::find(*step.node, "run");
      const std::string first = command.program() + " " + words[0].value;
      const size_t at = file_.text.find(first, run->begin);
      build.begin = at != file_.text.npos && at < run->end ? at : run->begin;
      build.end = at != file_.text.npos && at < run->end ? at + first.size() : run->begin + 1;
      job.builds.push_back(std::move(build));
    }
  }
}

const WorkflowJob* WorkflowView::job(std::string_view id) const {
  const auto it = std::find_if(jobs_.begin(), jobs_.end(),
                               [&](const WorkflowJob& job) { return job.id == id; });
  return it == jobs_.end() ? nullptr : &*it;
}

std::vector<std::string> WorkflowJob::labels(const Values& values) const {
  std::vector<std::string> out =
      texts_of(runs_on && runs_on->is_mapping() ? yaml::find(*runs_on, "labels") : runs_on);
  for (auto& label : out) {
    for (const auto& [key, value] : values) {
      const size_t open = label.find("${{"), close = label.find("}}");
      if (open == label.npos || close == label.npos) break;
      if (unspaced(std::string_view(label).substr(open, close + 2 - open)) ==
          "${{matrix." + key + "}}")
        label.replace(open, close + 2 - open, value);
    }
  }
  return out;
}

std::string WorkflowView::filled(std::string text, const Values& values) const {
  for (size_t at = text.find("${{"); at != text.npos; at = text.find("${{", at + 1)) {
    const size_t end = text.find("}}", at);
    if (end == text.npos) break;
    const std::string name = unspaced(std::string_view(text).substr(at + 3, end - at - 3));
    const auto replace_by = [&](const Values& known, std::string_view prefix) {
      const auto it =
          name.starts_with(prefix) ? known.find(name.substr(prefix.size())) : known.end();
      if (it != known.end()) text.replace(at, end + 2 - at, it->second);
    };
    if (name.starts_with("matrix."))
      replace_by(values, "matrix.");
    else
      replace_by(env_, "env.");
  }
  return text;
}

std::vector<std::string> WorkflowView::platforms(const ImageBuild& build,
                                                 const Values& values) const {
  std::vector<std::string> out;
  for (const auto& written : build.platforms)
    for (const auto& platform : list_of(filled(written, values)))
      if (!platform.contains('$')) out.push_back(platform);
  return out;
}

bool WorkflowView::knows_platforms(const ImageBuild& build, const Values& values) const {
  return std::none_of(
      build.platforms.begin(), build.platforms.end(),
      [&](const std::string& written) { return filled(written, values).contains('$'); });
}

bool WorkflowView::builds_file(const ImageBuild& build, std::string_view dockerfile) const {
  const size_t github = ("/" + file_.path).rfind("/.github/");
  const std::string root =
      github == std::string::npos ? std::string() : file_.path.substr(0, github);
  std::string context = build.context;
  if (context.contains("://") || context.starts_with("git@")) return false;
  if (context.starts_with("${{")) context.clear();
  std::string name = build.file.empty()
                         ? os::join_path(context.empty() ? "." : context, "Dockerfile")
                         : build.file;
  name = os::clean_path(root.empty() ? name : os::join_path(root, name));
  const std::string path = os::clean_path(dockerfile);
  const size_t open = name.find('$');
  if (open == name.npos) return name == path;
  // An expression stands for anything.
  const size_t close = name.rfind('}');
  const std::string_view head = std::string_view(name).substr(0, open);
  const std::string_view tail =
      close == name.npos ? std::string_view() : std::string_view(name).substr(close + 1);
  return path.size() > head.size() + tail.size() && path.starts_with(head) && path.ends_with(tail);
}

}  // namespace slipway::lint

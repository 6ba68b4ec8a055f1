// Rules about what a workflow keeps from one run to the next.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "lint/rules.h"
#include "lint/workflow_view.h"
#include "os/fs.h"

namespace slipway::lint {
namespace {

// The folders that the job's cache steps save.
std::vector<std::string> saved_folders(const WorkflowJob& job) {
  std::vector<std::string> out;
  for (const auto& step : job.steps)
    if ((step.is_action("actions/cache") || step.is_action("actions/cache/save")) && step.with)
      for (const auto& path : list_of(yaml::string_or(*step.with, "path")))
        out.push_back(os::clean_path(path));
  return out;
}

bool is_saved(const std::vector<std::string>& folders, const std::string& path) {
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return path == folder || path.starts_with(folder + "/");
  });
}

// Whether a step of the job deals with the folder itself, as `mv` or `cp` do.
bool is_moved(const WorkflowJob& job, const ImageBuild& build, const std::string& folder) {
  return std::any_of(job.steps.begin(), job.steps.end(), [&](const WorkflowStep& step) {
    if (!step.run.contains(folder)) return false;
    if (&step != build.step) return true;
    for (const auto& command : shell_commands(step.run))
      if (command.program() == "mv" || command.program() == "cp" || command.program() == "rsync")
        return true;
    return false;
  });
}

// The saved folder for which the new one was meant.
std::string meant_folder(const std::vector<std::string>& folders, const std::string& path) {
  for (const auto& folder : folders)
    if (path.starts_with(folder)) return folder;
  return folders.front();
}

// The bytes of `text` in the step, for a caret under it.
std::pair<size_t, size_t> bytes_of(const WorkflowView& view, const ImageBuild& build,
                                   const std::string& text) {
  const size_t at = view.file().text.find(text, build.step->begin);
  if (at == std::string::npos || at >= build.step->end) return {build.begin, build.end};
  return {at, at + text.size()};
}

bool has_matrix_of_builds(const WorkflowJob& job) { return job.matrix_keys.size() > 0; }

// "scope=${{ matrix.service }}" for the keys of the matrix, so that jobs do not overwrite each
// other.
std::string scope_of(const WorkflowJob& job) {
  std::string out;
  for (const auto& key : job.matrix_keys) {
    if (key == "runner" || key == "os" || key == "runs-on") continue;
    out += (out.empty() ? "" : "-") + fmt::format("${{{{ matrix.{} }}}}", key);
  }
  return out;
}

// The members of `with` begin in this column.
std::string indent_of(const WorkflowView& view, const yaml::Node& mapping) {
  const int column = view.lines().place(mapping.begin).column;
  return std::string(static_cast<size_t>(column - 1), ' ');
}

std::vector<Edit> add_github_cache(const WorkflowView& view, const WorkflowJob& job,
                                   const ImageBuild& build) {
  const yaml::Node* with = build.step->with;
  if (!build.by_action || !with || !with->is_mapping() || with->is_flow || with->members.empty())
    return {};
  const std::string end(line_end_of(view.file().text));
  const std::string scope = scope_of(job);
  const std::string suffix = scope.empty() ? "" : ",scope=" + scope;
  const std::string indent = indent_of(view, *with);
  const auto& last = *with->members.back().second;
  // Behind the last member, block scalars included.
  int line = view.lines().place(last.begin).line;
  const int step_end = view.lines().place(build.step->end - 1).line;
  while (line < step_end) {
    const std::string_view next = view.lines().line(line + 1);
    const size_t depth = next.find_first_not_of(' ');
    if (depth != next.npos && depth <= indent.size()) break;
    ++line;
  }
  while (trim(view.lines().line(line)).empty()) --line;
  const size_t at = view.lines().start(line + 1);
  const bool needs_end = at > 0 && view.file().text[at - 1] != '\n';
  std::vector<Edit> fix;
  const bool has_builder = std::any_of(
      job.steps.begin(), job.steps.end(),
      [](const WorkflowStep& step) { return step.is_action("docker/setup-buildx-action"); });
  // Docker's own builder cannot export a cache.
  if (!has_builder)
    fix.push_back(
        {build.step->begin, build.step->begin,
         fmt::format("{}- uses: docker/setup-buildx-action@v3{}", build.step->indent, end)});
  fix.push_back({at, at,
                 fmt::format("{0}{1}cache-from: type=gha{2}{3}{1}cache-to: type=gha,mode=max{2}{3}",
                             needs_end ? end : "", indent, suffix, end)});
  return fix;
}

}  // namespace

void check_cache_never_saved(const WorkflowView& view, Report& report) {
  for (const auto& job : view.jobs()) {
    const auto folders = saved_folders(job);
    if (folders.empty()) continue;
    for (const auto& build : job.builds) {
      if (cache_field(build.cache_to, "type") != "local") continue;
      const std::string written = cache_field(build.cache_to, "dest");
      const std::string path = os::clean_path(written);
      if (written.empty() || is_saved(folders, path) || is_moved(job, build, path)) continue;
      const std::string saved = meant_folder(folders, path);
      const auto [begin, end] = bytes_of(view, build, written);
      const std::string& indent = build.step->indent;
      const std::string newline(line_end_of(view.file().text));
      std::string step = fmt::format(
          "{0}- name: Keep the new build cache{1}{0}  run: |{1}{0}    rm -rf "
          "{2}{1}{0}    mv {3} {2}{1}",
          indent, newline, saved, path);
      const bool needs_end = !view.file().text.substr(0, build.step->end).ends_with('\n');
      if (needs_end) step = newline + step;
      report.add(
          build.step->begin, begin, end,
          fmt::format("the cache is written to {}, but the cache step saves {}: what this build "
                      "made is lost",
                      path, saved),
          fmt::format("move it in a step behind the build: rm -rf {0} && mv {1} {0}", saved, path),
          {{build.step->end, build.step->end, std::move(step)}});
    }
  }
}

void check_no_cache_between_runs(const WorkflowView& view, Report& report) {
  for (const auto& job : view.jobs()) {
    if (!is_hosted(job.labels(job.combinations.front()))) continue;
    for (const auto& build : job.builds) {
      if (!build.cache_from.empty() || !build.cache_to.empty()) continue;
      const std::string scope = scope_of(job);
      report.add(
          build.step->begin, build.begin, build.end,
          "the runner begins empty, and nothing brings the layers of the last run",
          fmt::format("cache-from: type=gha{0} and cache-to: type=gha,mode=max{0}, or a registry "
                      "cache",
                      scope.empty() ? "" : ",scope=" + scope),
          add_github_cache(view, job, build));
    }
  }
}

void check_shared_cache_scope(const WorkflowView& view, Report& report) {
  for (const auto& job : view.jobs()) {
    const bool is_repeated =
        has_matrix_of_builds(job) && job.combinations.size() + job.matrix_keys.size() > 1;
    if (!is_repeated || scope_of(job).empty()) continue;
    for (const auto& build : job.builds) {
      const std::string type = cache_field(build.cache_to, "type");
      const bool is_shared = (type == "gha" && cache_field(build.cache_to, "scope").empty()) ||
                             (type == "registry" && !build.cache_to.contains("${{"));
      if (!is_shared) continue;
      std::vector<Edit> fix;
      if (type == "gha" && build.by_action)
        for (const std::string_view key : {"cache-from", "cache-to"}) {
          const yaml::Node* node = yaml::find(*build.step->with, key);
          if (!node || !node->is_scalar() || !node->is_plain || node->text.contains('\n') ||
              cache_field(node->text, "type") != "gha" || !cache_field(node->text, "scope").empty())
            continue;
          fix.push_back({node->end, node->end, ",scope=" + scope_of(job)});
        }
      const auto [begin, end] = bytes_of(view, build, "type=" + type);
      report.add(build.step->begin, begin, end,
                 "every job of the matrix writes the same cache, and the last one wins",
                 fmt::format("have a cache for each: scope={}", scope_of(job)), std::move(fix));
    }
  }
}

}  // namespace slipway::lint

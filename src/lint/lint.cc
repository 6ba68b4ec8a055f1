// See lint.h.
#include "lint/lint.h"

#include <algorithm>
#include <memory>
#include <tuple>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/parse.h"
#include "lint/compose_view.h"
#include "lint/dockerfile_view.h"
#include "lint/log_view.h"
#include "lint/workflow_view.h"

namespace slipway::lint {
namespace {

// "# slipway: ignore=A,B" and, anywhere in a file, "# slipway: ignore-file=A".
class Suppressions {
 public:
  explicit Suppressions(const SourceFile& file) : lines_(file.text), kind_(file.kind) {
    if (kind_ == Kind::Log) return;  // its lines begin with "#" too
    for (int number = 1; number <= lines_.count(); ++number)
      if (const auto rules = rules_in(lines_.line(number), "ignore-file="); !rules.empty())
        whole_file_.insert(rules.begin(), rules.end());
  }

  bool covers(const Finding& finding) const {
    if (kind_ == Kind::Log) return false;
    if (names(whole_file_, finding.rule)) return true;
    for (const size_t offset : {finding.anchor, finding.begin}) {
      const int line = lines_.place(offset).line;
      if (names(rules_in(lines_.line(line), "ignore="), finding.rule)) return true;
      for (int above = line - 1; above > 0 && is_comment(lines_.line(above)); --above)
        if (names(rules_in(lines_.line(above), "ignore="), finding.rule)) return true;
    }
    return false;
  }

 private:
  static bool is_comment(std::string_view line) { return trim(line).starts_with('#'); }
  static bool names(const std::set<std::string>& rules, const std::string& rule) {
    return rules.contains(rule) || rules.contains("all");
  }
  static std::set<std::string> rules_in(std::string_view line, std::string_view key) {
    constexpr std::string_view kMark = "slipway:";
    const size_t mark = line.find(kMark);
    if (mark == line.npos || !trim(line.substr(0, mark)).ends_with('#')) return {};
    std::string_view comment = trim(line.substr(mark + kMark.size()));
    if (!comment.starts_with(key)) return {};
    comment.remove_prefix(key.size());
    std::set<std::string> out;
    for (const auto& rule : split(comment.substr(0, comment.find(' ')), ',')) out.insert(rule);
    return out;
  }

  LineIndex lines_;
  Kind kind_;
  std::set<std::string> whole_file_;
};

struct Views {
  std::vector<std::unique_ptr<DockerfileView>> dockerfiles;
  std::vector<std::unique_ptr<WorkflowView>> workflows;
  std::vector<std::unique_ptr<ComposeView>> composes;
  std::vector<std::unique_ptr<LogView>> logs;

  explicit Views(const std::vector<SourceFile>& files) {
    for (const auto& file : files) switch (file.kind) {
        case Kind::Dockerfile:
          dockerfiles.push_back(std::make_unique<DockerfileView>(file));
          break;
        case Kind::Workflow:
          workflows.push_back(std::make_unique<WorkflowView>(file));
          break;
        case Kind::Compose:
          composes.push_back(std::make_unique<ComposeView>(file));
          break;
        case Kind::Log:
          logs.push_back(std::make_unique<LogView>(file));
          break;
      }
  }
};

// What the files tell about each other.
Facts facts_of(const Views& views, const Options& options) {
  Facts facts;
  facts.nodes = options.nodes;
  facts.log_platform = options.log_platform;
  for (const auto& view : views.dockerfiles) {
    const std::string& path = view->file().path;
    auto& platforms = facts.platforms[path];
    platforms = options.platforms;
    facts.needs_emulation[path] = view->needs_emulation();
    for (const auto& workflow : views.workflows)
      for (const auto& job : workflow->jobs())
        for (const auto& build : job.builds) {
          if (!workflow->builds_file(build, path)) continue;
          for (const auto& values : job.combinations)
            for (auto& platform : workflow->platforms(build, values)) platforms.insert(platform);
        }
    for (const auto& compose : views.composes)
      for (const auto& service : compose->services())
        if (compose->builds_file(service, path))
          platforms.insert(service.built_for.begin(), service.built_for.end());
  }
  return facts;
}

bool is_wanted(const Rule& rule, const Options& options) {
  const std::string id(rule.id);
  return (options.only.empty() || options.only.contains(id)) && !options.ignore.contains(id);
}

template <class View, class Check>
void run_rules(const View& view, Check Checks::* which, bool is_whole, const Facts& facts,
               const Options& options, std::vector<Finding>& out) {
  for (const Rule& rule : rules()) {
    const Check check = rule.checks.*which;
    if (!check || !is_wanted(rule, options) || (!is_whole && !rule.reads_broken_files)) continue;
    Report report(rule, view.file(), facts, out);
    check(view, report);
  }
}

}  // namespace

void Report::add(size_t anchor, size_t begin, size_t end, std::string message, std::string advice,
                 std::vector<Edit> fix) {
  // Two places of one finding may need the same line, such as an ARG.
  std::vector<Edit> edits;
  for (auto& edit : fix)
    if (std::find(edits.begin(), edits.end(), edit) == edits.end())
      edits.push_back(std::move(edit));
  out_.push_back({std::string(rule_.id), rule_.severity, file_.path, begin, std::max(begin, end),
                  anchor, std::move(message), std::move(advice), std::move(edits)});
}

Result lint(const std::vector<SourceFile>& files, const Options& options) {
  const Views views(files);
  const Facts facts = facts_of(views, options);
  std::vector<Finding> found;
  for (const auto& view : views.dockerfiles)
    run_rules(*view, &Checks::dockerfile, view->is_whole(), facts, options, found);
  for (const auto& view : views.workflows)
    run_rules(*view, &Checks::workflow, !view->mistake(), facts, options, found);
  for (const auto& view : views.composes)
    run_rules(*view, &Checks::compose, !view->mistake(), facts, options, found);
  for (const auto& view : views.logs) run_rules(*view, &Checks::log, true, facts, options, found);

  Result result;
  for (const auto& file : files) {
    const Suppressions suppressions(file);
    for (auto& finding : found) {
      if (finding.path != file.path) continue;
      if (suppressions.covers(finding))
        ++result.suppressed;
      else
        result.findings.push_back(std::move(finding));
    }
  }
  std::stable_sort(result.findings.begin(), result.findings.end(),
                   [](const Finding& a, const Finding& b) {
                     return std::tie(a.path, a.begin, a.rule) < std::tie(b.path, b.begin, b.rule);
                   });
  return result;
}

}  // namespace slipway::lint

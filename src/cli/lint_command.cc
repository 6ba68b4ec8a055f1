// `slipway lint`: findings in text, JSON or SARIF; patches; files repaired in place.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cli/handlers.h"
#include "dockerfile/rules.h"
#include "lint/lint.h"
#include "oci/platform.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

std::set<std::string, std::less<>> rule_ids(const ParsedArgs& args, std::string_view flag) {
  std::set<std::string, std::less<>> out;
  std::vector<std::string> known;
  for (const auto& rule : lint::rules()) known.emplace_back(rule.id);
  for (const auto& value : args.list(flag))
    for (const auto& id : csv_fields(value, fmt::format("--{}", flag))) {
      const auto it = std::find_if(known.begin(), known.end(), [&](const std::string& name) {
        return to_lower(name) == to_lower(id);
      });
      if (it == known.end()) {
        const auto near = closest(id, known);
        throw Error(
            fmt::format("there is no rule {}", id), fmt::format("--{}", flag),
            near ? fmt::format("did you mean {}?", *near) : "`slipway lint --rules` lists them");
      }
      out.insert(*it);
    }
  return out;
}

lint::Options options_of(const ParsedArgs& args, const Io& io) {
  lint::Options options;
  options.only = rule_ids(args, "rule");
  options.ignore = rule_ids(args, "ignore");
  for (const auto& value : args.list("platform"))
    for (const auto& platform : oci::parse_platforms(value))
      options.platforms.insert(platform.str());
  if (const auto file = args.value("nodes"))
    options.nodes = lint::parse_nodes(*file == "-" ? io.read_input() : os::read_file(*file), *file);
  if (const auto platform = args.value("log-platform"))
    options.log_platform = oci::parse_platform(*platform).str();
  return options;
}

/// The least severity that fails; nullopt for never.
std::optional<lint::Severity> threshold_of(const ParsedArgs& args) {
  const std::string name = args.value_or("fail-on", "warning");
  for (const auto severity : {lint::Severity::Note, lint::Severity::Warning, lint::Severity::Error})
    if (name == lint::severity_name(severity)) return severity;
  if (name != "never")
    throw Error(fmt::format("\"{}\" is no severity", name), "--fail-on",
                "write error, warning, note or never");
  return std::nullopt;
}

int exit_code(const lint::Result& result, std::optional<lint::Severity> threshold) {
  return threshold && std::any_of(result.findings.begin(), result.findings.end(),
                                  [&](const lint::Finding& finding) {
                                    return finding.severity >= *threshold;
                                  })
             ? 1
             : 0;
}

void list_rules(const Io& io) {
  std::vector<std::vector<std::string>> rows = {{"RULE", "SEVERITY", "FIX", "FINDS"}};
  for (const auto& rule : lint::rules())
    rows.push_back({std::string(rule.id), std::string(lint::severity_name(rule.severity)),
                    rule.has_fix ? "yes" : "", std::string(rule.description)});
  io.out(render_table(rows));
}

std::string rendered(const std::string& format, const std::vector<lint::SourceFile>& files,
                     const lint::Result& result) {
  if (format == "json") return lint::to_json(files, result);
  if (format == "sarif") return lint::to_sarif(files, result, SLIPWAY_VERSION);
  return lint::to_text(files, result);
}

void with_texts_of(const lint::FixResult& fixed, std::vector<lint::SourceFile>& files) {
  for (const auto& change : fixed.files)
    for (auto& file : files)
      if (file.path == change.path) file.text = change.after;
}

}  // namespace

int lint_command(const ParsedArgs& args, const Io& io) {
  if (args.flag("rules")) {
    list_rules(io);
    return 0;
  }
  const std::string format = args.value_or("format", "text");
  if (format != "text") format_of(args, {"text", "json", "sarif"});
  const auto threshold = threshold_of(args);
  const lint::Options options = options_of(args, io);
  if (args.flag("write") && !args.flag("fix"))
    throw Error("--write changes files only with --fix", "--write", "write --fix --write");
  auto paths = args.arguments;
  if (paths.empty()) paths = {"."};
  auto files = lint::find_files(paths);
  if (files.empty())
    throw Error("there is nothing to read: no Dockerfile, workflow, compose file or build log",
                join(paths, " "), "name the files");

  if (!args.flag("fix")) {
    const lint::Result result = lint::lint(files, options);
    io.out(rendered(format, files, result));
    return exit_code(result, threshold);
  }
  const lint::FixResult fixed = lint::fix(files, options);
  if (!args.flag("write")) {
    for (const auto& change : fixed.files)
      io.out(lint::unified_diff(change.path, change.before, change.after));
    // The patch alone goes to standard output; the files still are as they were.
    const lint::Result result = lint::lint(files, options);
    with_texts_of(fixed, files);
    if (!fixed.left.findings.empty())
      io.err("What the patch leaves:\n\n" + lint::to_text(files, fixed.left));
    return exit_code(result, threshold);
  }
  for (const auto& change : fixed.files) {
    lint::write_back(change.path, change.after);
    io.err(fmt::format("{}: repaired {}\n", change.path, join(change.rules, ", ")));
  }
  with_texts_of(fixed, files);
  io.out(rendered(format, files, fixed.left));
  return exit_code(fixed.left, threshold);
}

}  // namespace slipway::cli

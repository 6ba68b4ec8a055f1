// `slipway bake`: bake files -> targets -> one build of all of them.
#include <fmt/core.h>

#include <algorithm>
#include <csignal>

#include "bake/print.h"
#include "base/error.h"
#include "base/text.h"
#include "build/build.h"
#include "cli/bake_files.h"
#include "cli/bake_request.h"
#include "cli/docker_config.h"
#include "cli/handlers.h"
#include "cli/show_build.h"
#include "exec/sandbox.h"
#include "json/json.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

/// --list targets[,format=json] or type=variables,format=table.
std::string list(const bake::Project& project, const std::string& text) {
  std::string type, format = "table";
  for (const auto& field : csv_fields(text, "--list")) {
    const size_t equals = field.find('=');
    if (equals == field.npos) type = field;
    else if (field.starts_with("type=")) type = field.substr(5);
    else if (field.starts_with("format=")) format = field.substr(7);
    else throw Error(fmt::format("--list has no key \"{}\"", field.substr(0, equals)), "--list");
  }
  if (format != "table" && format != "json") throw Error(fmt::format("the format \"{}\" is neither table nor json", format), "--list");
  if (type == "targets") return bake::list_targets(project, format == "json");
  if (type == "variables") return bake::list_variables(project, format == "json");
  throw Error(fmt::format("\"{}\" is neither targets nor variables", type), "--list");
}

std::string metadata(const std::vector<build::BuildRequest>& requests, const std::vector<build::BuildResult>& results) {
  json::Value out = json::Value::object();
  for (size_t i = 0; i < requests.size(); ++i)
    out[requests[i].name] = results[i].metadata_json.empty() ? json::Value::object()
                                                             : json::parse(results[i].metadata_json, requests[i].name);
  return json::dump_pretty(out);
}

/// What --call was answered for each target; the exit code.
int answers(const std::vector<build::BuildRequest>& requests, const std::vector<build::BuildResult>& results, const Io& io) {
  int code = 0;
  const bool as_json = requests.front().call.format == "json";
  json::Value all = json::Value::object();
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto& result = results[i];
    if (as_json) all["target"][requests[i].name][requests[i].call.name == "lint" ? "check" : requests[i].call.name] = json::parse(result.answer, requests[i].name);
    else io.out(fmt::format("{}{}\n\n{}", i ? "\n" : "", requests[i].name, result.answer));
    if (result.failure) {
      io.err(fmt::format("slipway: error: {}\n", result.failure->render()));
      code = 1;
    }
    if (code == 0) code = result.exit_code;
  }
  if (as_json) io.out(json::dump_pretty(all) + "\n");
  return code;
}

}  // namespace

int bake_command(const ParsedArgs& args, const Io& io) {
  for (const auto& name : args.arguments)
    if (name.contains("://") || name.starts_with("git@"))
      throw Error("bake files are not read from git repositories or web servers", name, "clone it, and run slipway bake there");
  const bake::Project project = load_project(args, io);
  if (const auto what = args.value("list")) {
    if (args.flag("print")) throw Error("--print and --list contradict each other", {}, "leave one of them out");
    io.out(list(project, *what));
    return 0;
  }
  const auto overrides = bake_overrides(args);
  bake::Plan plan = bake::resolve(project, args.arguments, overrides, io.environment);
  if (const auto epoch = io.environment("SOURCE_DATE_EPOCH"); epoch && !epoch->empty())
    for (auto& [name, target] : plan.targets) target.args.try_emplace("SOURCE_DATE_EPOCH", *epoch);
  if (args.flag("print")) {
    io.out(bake::print(plan));
    return 0;
  }
  check_allowed(plan, args, overrides, io.environment);
  std::vector<build::BuildRequest> requests;
  for (const auto& [name, target] : plan.targets) {
    requests.push_back(to_request(target, args, io.environment));
    add_configured_proxies(requests.back().build_args, io.environment);
    refuse_terminal(requests.back(), io);
  }
  if (requests.empty()) throw Error("there is nothing to build", {}, "name a target, or a group with targets");
  const exec::Namespace ns = exec::enter_namespace();
  std::vector<build::BuildResult> results;
  const int code = show_build(requests.front(), io, args.flag("debug"), [&](seams::Observer& observer, std::stop_token stop) {
    results = build::build_all(requests, ns, observer, stop);
  });
  if (code != 0) return code;
  if (std::ranges::all_of(requests, [](const auto& request) { return request.call.name != "build"; }))
    return answers(requests, results, io);
  if (const auto file = args.value("metadata-file"); file && !file->empty()) os::write_file_atomic(*file, metadata(requests, results));
  if (requests.front().progress == build::Progress::Quiet || requests.front().progress == build::Progress::RawJson) return 0;
  for (size_t i = 0; i < requests.size(); ++i)
    for (const auto& line : results[i].lines) io.err(fmt::format("{}: {}\n", requests[i].name, line));
  return 0;
}

}  // namespace slipway::cli

// See answers.h.
#include "dockerfile/answers.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "json/json.h"

namespace slipway::dockerfile {
namespace {

constexpr std::string_view kRule = "--------------------\n";

json::Value location_of(const Span& span) {
  auto ranges = json::Value::array();
  for (int line = span.line; line <= std::max(span.line, span.end_line); ++line)
    ranges.push_back({{"start", {{"line", line}}}, {"end", {{"line", line}}}});
  return {{"ranges", std::move(ranges)}};
}

json::Value sources_of(std::string_view text) { return json::Value::array({to_base64(text)}); }

void set_if(json::Value& value, const char* key, const std::string& text) {
  if (!text.empty()) value[key] = text;
}

// The place that an Error of this file names, without line if it names none.
json::Value location_of(const Error& error) {
  const auto parts = split(error.where(), ':');
  const auto line = parts.size() < 3 ? std::nullopt : parse_u64(parts[parts.size() - 2]);
  if (!line) return json::Value::object();
  const int number = static_cast<int>(*line);
  return location_of(Span{number, 1, number});
}

// The subrequests that BuildKit's Dockerfile frontend lists.
struct Call {
  const char* name;
  const char* description;
  bool takes_target;
};
constexpr Call kCalls[] = {
    {"outline", "List all parameters current build target supports", true},
    {"targets", "List all targets current build supports", false},
    {"subrequests.describe", "List available subrequest types", false},
};
constexpr const char* kCallVersion = "1.0.0";

}  // namespace

std::string in_columns(const std::vector<std::vector<std::string>>& rows, size_t gap) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], row[i].size() + gap);
    }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i)
      out += i + 1 == row.size() ? row[i] : fmt::format("{:{}}", row[i], widths[i]);
    out += '\n';
  }
  return out;
}

std::string excerpt(const Source& source, const Span& span) {
  const auto lines = split(source.text, '\n');
  const int count = static_cast<int>(lines.size());
  if (span.line < 1 || span.line > count) return {};
  const int marked_end = std::max(span.line, span.end_line);
  const int around = marked_end == span.line ? 2 : 1;
  const int first = std::max(1, span.line - around);
  const int last = std::min(marked_end + around, count);
  std::string out = fmt::format("{}:{}\n{}", source.name, span.line, kRule);
  for (int line = first; line <= last; ++line)
    out += fmt::format(" {:3} | {} {}\n", line,
                       line >= span.line && line <= marked_end ? ">>>" : "   ",
                       lines[static_cast<size_t>(line - 1)]);
  return out += kRule;
}

std::string checks_text(const Source& source, std::vector<Finding> findings, bool has_errors) {
  if (findings.empty()) return has_errors ? "" : "Check complete, no warnings found.\n";
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.span.line < b.span.line; });
  std::string out =
      findings.size() == 1
          ? "Check complete, 1 warning has been found!\n"
          : fmt::format("Check complete, {} warnings have been found!\n", findings.size());
  for (const auto& finding : findings)
    out += fmt::format("\nWARNING: {} - {}\n{}\n{}", finding.rule, rule_page(finding.rule),
                       finding.message, excerpt(source, finding.span));
  return has_errors ? out + "\n" : out;
}

std::string checks_json(const Source& source, const std::vector<Finding>& findings,
                        const std::vector<Error>& errors) {
  json::Value out;
  out["warnings"] = nullptr;
  for (const auto& finding : findings)
    out["warnings"].push_back({{"ruleName", finding.rule},
                               {"description", rule_description(finding.rule)},
                               {"url", rule_page(finding.rule)},
                               {"detail", finding.message},
                               {"location", location_of(finding.span)}});
  out["sources"] = json::Value::array(
      {{{"filename", source.name}, {"data", to_base64(source.text)}, {"language", "Dockerfile"}}});
  if (errors.empty()) return json::dump_pretty(out);
  // BuildKit stops at the first mistake; those behind it are in a member of our own.
  const auto entry = [](const Error& error) {
    return json::Value{{"message", error.message()}, {"location", location_of(error)}};
  };
  out["buildError"] = entry(errors.front());
  for (size_t i = 1; i < errors.size(); ++i) out["moreBuildErrors"].push_back(entry(errors[i]));
  return json::dump_pretty(out);
}

std::string outline_text(const Outline& outline) {
  std::string out;
  if (!outline.name.empty() || !outline.doc.empty()) {
    std::vector<std::vector<std::string>> rows = {
        {"TARGET:", outline.name.empty() ? "(default)" : outline.name}};
    if (!outline.doc.empty()) rows.push_back({"DESCRIPTION:", outline.doc});
    out += in_columns(rows, 1) + "\n";
  }
  if (!outline.args.empty()) {
    std::vector<std::vector<std::string>> rows = {{"BUILD ARG", "VALUE", "DESCRIPTION"}};
    for (const auto& arg : outline.args) rows.push_back({arg.name, arg.value, arg.doc});
    out += in_columns(rows, 3) + "\n";
  }
  for (const auto& [head, needs] :
       {std::pair("SECRET", &outline.secrets), std::pair("SSH", &outline.ssh)}) {
    if (needs->empty()) continue;
    std::vector<std::vector<std::string>> rows = {{head, "REQUIRED"}};
    for (const auto& need : *needs) rows.push_back({need.id, need.required ? "true" : ""});
    out += in_columns(rows, 3) + "\n";
  }
  return out;
}

std::string outline_json(const Source& source, const Outline& outline) {
  json::Value out = json::Value::object();
  set_if(out, "name", outline.name);
  set_if(out, "description", outline.doc);
  for (const auto& arg : outline.args) {
    json::Value entry{{"name", arg.name}};
    set_if(entry, "description", arg.doc);
    set_if(entry, "value", arg.value);
    entry["location"] = location_of(arg.span);
    out["args"].push_back(std::move(entry));
  }
  for (const auto& [key, needs] :
       {std::pair("secrets", &outline.secrets), std::pair("ssh", &outline.ssh)})
    for (const auto& need : *needs) {
      json::Value entry{{"name", need.id}};
      if (need.required) entry["required"] = true;
      entry["location"] = location_of(need.span);
      out[key].push_back(std::move(entry));
    }
  out["sources"] = sources_of(source.text);
  return json::dump_pretty(out);
}

std::string targets_text(const Dockerfile& file) {
  std::vector<std::vector<std::string>> rows = {{"TARGET", "DESCRIPTION"}};
  for (const auto& stage : file.stages) {
    const bool is_default = &stage == &file.stages.back();
    std::string name = stage.name();
    if (is_default) name += name.empty() ? "(default)" : " (default)";
    rows.push_back({name, stage.doc});
  }
  return in_columns(rows, 1);
}

std::string targets_json(const Dockerfile& file) {
  json::Value out;
  for (const auto& stage : file.stages) {
    json::Value entry = json::Value::object();
    set_if(entry, "name", stage.name());
    if (&stage == &file.stages.back()) entry["default"] = true;
    set_if(entry, "description", stage.doc);
    set_if(entry, "base", stage.from().image);
    set_if(entry, "platform", stage.from().platform);
    entry["location"] = location_of(stage.head.span);
    out["targets"].push_back(std::move(entry));
  }
  out["sources"] = sources_of(file.source);
  return json::dump_pretty(out);
}

std::string describe_text() {
  std::vector<std::vector<std::string>> rows = {{"NAME", "VERSION", "DESCRIPTION"}};
  for (const Call& call : kCalls) rows.push_back({call.name, kCallVersion, call.description});
  return in_columns(rows, 1);
}

std::string describe_json() {
  const auto named = [](const char* name, const char* description) {
    return json::Value{{"name", name}, {"description", description}};
  };
  auto out = json::Value::array();
  for (const Call& call : kCalls) {
    json::Value options = json::Value::array();
    if (call.takes_target) options.push_back(named("target", "Target build stage"));
    json::Value entry;
    entry["name"] = fmt::format("frontend.{}", call.name);
    entry["version"] = kCallVersion;
    entry["type"] = "rpc";
    entry["description"] = call.description;
    entry["opts"] = std::move(options);
    entry["inputs"] = nullptr;
    entry["metadata"] = json::Value::array({named("result.json", ""), named("result.txt", "")});
    entry["refs"] = nullptr;
    out.push_back(std::move(entry));
  }
  return json::dump_pretty(out);
}

}  // namespace slipway::dockerfile

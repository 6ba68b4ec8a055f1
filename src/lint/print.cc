// Findings as text, JSON and SARIF.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "dockerfile/ast.h"
#include "dockerfile/rules.h"
#include "json/json.h"
#include "lint/lint.h"

namespace slipway::lint {
namespace {

const SourceFile& file_of(const std::vector<SourceFile>& files, const std::string& path) {
  const auto it = std::find_if(files.begin(), files.end(),
                               [&](const SourceFile& file) { return file.path == path; });
  CHECK(it != files.end());
  return *it;
}

// The indexes of all files that have findings.
class Places {
 public:
  Places(const std::vector<SourceFile>& files, const Result& result) {
    for (const auto& finding : result.findings)
      if (!lines_.contains(finding.path))
        lines_.emplace(finding.path, LineIndex(file_of(files, finding.path).text));
  }
  const LineIndex& of(const Finding& finding) const { return lines_.at(finding.path); }

 private:
  std::map<std::string, LineIndex> lines_;
};

enum class Columns { Bytes, Utf16 };

// SARIF counts UTF-16 code units, as editors do.
int column_of(const LineIndex& lines, const Place& place, Columns columns) {
  if (columns == Columns::Bytes) return place.column;
  int out = place.column;
  for (const char c : lines.line(place.line).substr(0, static_cast<size_t>(place.column) - 1)) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80) --out;
    if (byte >= 0xf0) ++out;
  }
  return out;
}

json::Value region(const LineIndex& lines, size_t begin, size_t end,
                   Columns columns = Columns::Bytes) {
  const Place from = lines.place(begin), to = lines.place(end);
  json::Value out;
  out["startLine"] = from.line;
  out["startColumn"] = column_of(lines, from, columns);
  out["endLine"] = to.line;
  out["endColumn"] = column_of(lines, to, columns);
  return out;
}

std::string level(Severity severity) { return std::string(severity_name(severity)); }

std::string counted(size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

std::string to_text(const std::vector<SourceFile>& files, const Result& result) {
  const Places places(files, result);
  std::string out;
  std::map<Severity, size_t> counts;
  size_t fixable = 0;
  for (const auto& finding : result.findings) {
    const Place at = places.of(finding).place(finding.begin);
    dockerfile::Dockerfile shown;
    shown.file_name = finding.path;
    shown.source = file_of(files, finding.path).text;
    const Error error = dockerfile::error_at(
        shown, {at.line, at.column, at.line},
        fmt::format("{}: {} [{}]", severity_name(finding.severity), finding.message, finding.rule),
        finding.advice, std::max<size_t>(1, finding.end - finding.begin));
    out += error.render();
    out += fmt::format("\n  see: {}{}\n\n", dockerfile::rule_page(finding.rule),
                       finding.fix.empty() ? "" : "   (--fix repairs it)");
    ++counts[finding.severity];
    fixable += !finding.fix.empty();
  }
  if (result.findings.empty()) {
    out += fmt::format("{} read, nothing found", counted(files.size(), "file"));
  } else {
    out += fmt::format("{} read: ", counted(files.size(), "file"));
    std::vector<std::string> parts;
    for (const Severity severity : {Severity::Error, Severity::Warning, Severity::Note})
      if (counts[severity]) parts.push_back(counted(counts[severity], severity_name(severity)));
    out += join(parts, ", ");
    if (fixable) out += fmt::format("; --fix repairs {}", fixable);
  }
  if (result.suppressed) out += fmt::format("; {} suppressed by comments", result.suppressed);
  return out + "\n";
}

std::string to_json(const std::vector<SourceFile>& files, const Result& result) {
  const Places places(files, result);
  json::Value out;
  out["version"] = 1;
  out["filesRead"] = files.size();
  out["suppressed"] = result.suppressed;
  out["findings"] = json::Value::array();
  for (const auto& finding : result.findings) {
    const LineIndex& lines = places.of(finding);
    json::Value entry;
    entry["rule"] = finding.rule;
    entry["severity"] = level(finding.severity);
    entry["file"] = finding.path;
    entry["region"] = region(lines, finding.begin, finding.end);
    entry["message"] = finding.message;
    entry["advice"] = finding.advice;
    entry["page"] = dockerfile::rule_page(finding.rule);
    entry["fix"] = json::Value::array();
    for (const auto& edit : finding.fix) {
      json::Value one;
      one["region"] = region(lines, edit.begin, edit.end);
      one["text"] = edit.text;
      entry["fix"].push_back(std::move(one));
    }
    out["findings"].push_back(std::move(entry));
  }
  return json::dump_pretty(out);
}

std::string to_sarif(const std::vector<SourceFile>& files, const Result& result,
                     std::string_view version) {
  const Places places(files, result);
  json::Value driver;
  driver["name"] = "slipway";
  driver["semanticVersion"] = std::string(version);
  driver["rules"] = json::Value::array();
  std::map<std::string, size_t> index;
  for (const Rule& rule : rules()) {
    index[std::string(rule.id)] = driver["rules"].size();
    json::Value entry;
    entry["id"] = std::string(rule.id);
    entry["shortDescription"]["text"] = std::string(rule.description);
    entry["help"]["text"] = "see " + dockerfile::rule_page(rule.id);
    entry["defaultConfiguration"]["level"] = level(rule.severity);
    driver["rules"].push_back(std::move(entry));
  }
  json::Value results = json::Value::array();
  for (const auto& finding : result.findings) {
    const LineIndex& lines = places.of(finding);
    json::Value artifact;
    artifact["uri"] = finding.path;
    json::Value location;
    location["physicalLocation"]["artifactLocation"] = artifact;
    location["physicalLocation"]["region"] =
        region(lines, finding.begin, finding.end, Columns::Utf16);
    json::Value entry;
    entry["ruleId"] = finding.rule;
    entry["ruleIndex"] = index.at(finding.rule);
    entry["level"] = level(finding.severity);
    entry["message"]["text"] =
        finding.message + (finding.advice.empty() ? "" : "; " + finding.advice);
    entry["locations"] = json::Value::array({location});
    if (!finding.fix.empty()) {
      json::Value change;
      change["artifactLocation"] = artifact;
      change["replacements"] = json::Value::array();
      for (const auto& edit : finding.fix) {
        json::Value one;
        one["deletedRegion"] = region(lines, edit.begin, edit.end, Columns::Utf16);
        one["insertedContent"]["text"] = edit.text;
        change["replacements"].push_back(std::move(one));
      }
      json::Value fix;
      fix["description"]["text"] = finding.advice;
      fix["artifactChanges"] = json::Value::array({change});
      entry["fixes"] = json::Value::array({fix});
    }
    results.push_back(std::move(entry));
  }
  json::Value run;
  run["tool"]["driver"] = std::move(driver);
  run["columnKind"] = "utf16CodeUnits";
  run["results"] = std::move(results);
  json::Value out;
  out["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  out["version"] = "2.1.0";
  out["runs"] = json::Value::array({run});
  return json::dump_pretty(out);
}

}  // namespace slipway::lint

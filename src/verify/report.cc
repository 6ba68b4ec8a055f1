#include "verify/report.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "json/json.h"

namespace slipway::verify {
namespace {

constexpr size_t kMostOfAKind = 10;
constexpr size_t kMostCommand = 160;

/// created_by as one line; BuildKit's "RUN /bin/sh -c" prefix and its comment are kept, they say where it came from.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  if (text.size() <= kMostCommand) return text;
  size_t end = kMostCommand - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

const char* name_of(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

std::string counted(size_t count, const char* noun) { return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s"); }

}  // namespace

Counts count(const std::vector<Finding>& findings) {
  Counts out;
  for (const auto& finding : findings)
    ++(finding.severity == Severity::Error ? out.errors : finding.severity == Severity::Warning ? out.warnings : out.notes);
  return out;
}

std::string counts_text(const Counts& counts) {
  if (counts.errors && counts.warnings) return counted(counts.errors, "error") + ", " + counted(counts.warnings, "warning");
  if (counts.errors) return counted(counts.errors, "error");
  return counts.warnings ? counted(counts.warnings, "warning") : "nothing wrong";
}

std::string details(const Finding& finding) {
  std::string out;
  const auto line = [&](const std::string& text) { out += (out.empty() ? "    " : "\n    ") + text; };
  if (!finding.role.empty()) line("needed for: " + finding.role);
  if (finding.layer) {
    std::string layer = fmt::format("layer {}", *finding.layer + 1);
    if (!finding.layer_digest.empty()) layer += " " + finding.layer_digest.substr(0, 19);
    if (!finding.written_by.empty()) layer += ", written by: " + one_line(finding.written_by);
    if (!finding.location.empty()) layer += " (" + finding.location + ")";
    line(layer);
  }
  if (!finding.hint.empty()) line("try: " + finding.hint);
  return out;
}

Shortened shorten(const std::vector<Finding>& findings, size_t most) {
  using Kind = std::tuple<std::string, std::string, Severity, std::optional<size_t>>;
  struct Group {
    size_t count = 0, last = 0;
  };
  std::map<Kind, Group> groups;
  Shortened out;
  for (const auto& finding : findings) {
    Group& group = groups[{finding.platform.str(), finding.rule, finding.severity, finding.layer}];
    if (++group.count > most) {
      ++out.left_out[group.last];
      continue;
    }
    group.last = out.findings.size();
    out.findings.push_back(finding);
    out.left_out.push_back(0);
  }
  return out;
}

std::string text_report(const std::vector<oci::Platform>& platforms, const std::vector<Finding>& findings) {
  std::string out;
  const auto block = [&](const std::string& title, const std::vector<Finding>& some) {
    out += fmt::format("{}: {}\n", title, some.empty() ? "nothing found" : counts_text(count(some)));
    const Shortened shown = shorten(some, kMostOfAKind);
    for (size_t i = 0; i < shown.findings.size(); ++i) {
      const Finding& finding = shown.findings[i];
      out += fmt::format("  {} {}\n", name_of(finding.severity), headline(finding));
      if (const auto more = details(finding); !more.empty()) out += more + "\n";
      if (shown.left_out[i]) out += fmt::format("    and {} more of this kind in the same layer\n", shown.left_out[i]);
    }
  };
  std::vector<Finding> rest = findings;
  for (const auto& platform : platforms) {
    std::vector<Finding> own;
    std::erase_if(rest, [&](const Finding& finding) {
      const bool is_own = finding.platform == platform && !finding.rule.starts_with("node-");
      if (is_own) own.push_back(finding);
      return is_own;
    });
    block(platform.str(), own);
  }
  if (!rest.empty()) block("nodes", rest);
  return out;
}

std::string json_report(const std::string& image, const std::vector<oci::Platform>& platforms,
                        const std::vector<Finding>& findings) {
  json::Value out = json::Value::object();
  out["version"] = 1;
  out["image"] = image;
  out["platforms"] = json::Value::array();
  for (const auto& platform : platforms) out["platforms"].push_back(platform.str());
  out["findings"] = json::parse(print_findings(findings), "findings");
  const Counts counts = count(findings);
  out["errors"] = counts.errors;
  out["warnings"] = counts.warnings;
  out["notes"] = counts.notes;
  return json::dump_pretty(out);
}

}  // namespace slipway::verify

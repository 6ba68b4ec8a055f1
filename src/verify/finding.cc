#include "verify/finding.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"

namespace slipway::verify {
namespace {

using json::Value;

constexpr Rule kRules[] = {
    {"cpu-level", "A program needs more of the processor than every machine of the platform has"},
    {"foreign-archive", "An archive has native code, but none for the platform"},
    {"foreign-file", "A program or library in the image is for another machine"},
    {"missing-interpreter", "A script that the image starts names an interpreter that is not there"},
    {"missing-library", "A program that the image starts needs a library that is not there"},
    {"missing-loader", "A program needs a loader that is not in the image"},
    {"node-exec-format", "A node of the cluster would start a program that it cannot run"},
    {"node-without-image", "A node of the cluster is of a platform that the image does not have"},
    {"not-executable", "The program that the image starts is no executable file"},
    {"platform-mismatch", "The image config names another platform than the image is published as"},
    {"program-not-found", "The program that the image starts is not there"},
    {"wrong-libc", "A program is linked against another C library than the image has"},
    {"wrong-machine", "What the image would run is for another machine"},
};

std::string_view severity_name(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

}  // namespace

std::span<const Rule> rules() { return kRules; }

std::string headline(const Finding& finding) {
  std::string out = finding.rule + ":";
  if (!finding.path.empty()) out += " " + finding.path;
  if (!finding.is.empty()) out += (finding.path.empty() ? " " : " is ") + finding.is;
  if (!finding.expected.empty()) out += ", expected " + finding.expected;
  return out;
}

std::string print_findings(const std::vector<Finding>& findings) {
  Value list = Value::array();
  for (const auto& f : findings) {
    Value one = Value::object();
    one["rule"] = f.rule;
    one["severity"] = severity_name(f.severity);
    one["platform"] = f.platform.str();
    if (!f.path.empty()) one["path"] = f.path;
    one["is"] = f.is;
    if (!f.expected.empty()) one["expected"] = f.expected;
    if (!f.role.empty()) one["role"] = f.role;
    if (!f.hint.empty()) one["hint"] = f.hint;
    if (f.layer) one["layer"] = *f.layer;
    if (!f.layer_digest.empty()) one["layerDigest"] = f.layer_digest;
    if (!f.written_by.empty()) one["writtenBy"] = f.written_by;
    if (!f.location.empty()) one["location"] = f.location;
    list.push_back(std::move(one));
  }
  return json::dump(list);
}

std::vector<Finding> parse_findings(std::string_view text, std::string_view origin) {
  const Value list = json::parse(text, origin);
  if (!list.is_array()) throw Error("these findings are no list", std::string(origin));
  std::vector<Finding> out;
  for (const auto& one : list) {
    Finding f{.rule = json::string_or(one, "rule")};
    const std::string severity = json::string_or(one, "severity");
    f.severity = severity == "error" ? Severity::Error : severity == "note" ? Severity::Note : Severity::Warning;
    // Not every image's platform is one that could be built for.
    const auto parts = split(json::string_or(one, "platform"), '/');
    f.platform.os = parts[0];
    if (parts.size() > 1) f.platform.arch = parts[1];
    if (parts.size() > 2) f.platform.variant = parts[2];
    f.path = json::string_or(one, "path");
    f.is = json::string_or(one, "is");
    f.expected = json::string_or(one, "expected");
    f.role = json::string_or(one, "role");
    f.hint = json::string_or(one, "hint");
    if (const auto layer = json::int_or_none(one, "layer")) f.layer = static_cast<size_t>(*layer);
    f.layer_digest = json::string_or(one, "layerDigest");
    f.written_by = json::string_or(one, "writtenBy");
    f.location = json::string_or(one, "location");
    out.push_back(std::move(f));
  }
  return out;
}

}  // namespace slipway::verify

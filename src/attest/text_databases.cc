// Databases that are text made of "Key: value" fields: dpkg's, apk's, Python's metadata, and
// os-release.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "attest/package_databases.h"
#include "base/text.h"

namespace slipway::attest {
namespace {

std::string unquoted(std::string_view value) {
  value = trim(value);
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front())
    value = value.substr(1, value.size() - 2);
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

/// Calls `line` with each line, without its end.
template <typename Line>
void each_line(std::string_view text, const Line& line) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view one = text.substr(0, end);
    if (one.ends_with('\r')) one.remove_suffix(1);
    line(one);
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

using Fields = std::map<std::string, std::string, std::less<>>;

std::string field(const Fields& fields, std::string_view key) {
  const auto it = fields.find(key);
  return it == fields.end() ? "" : it->second;
}

/// Paragraphs of deb-control(5): fields up to an empty line; of continued fields only the first
/// line is of use here.
template <typename Paragraph>
void each_paragraph(std::string_view text, const Paragraph& paragraph) {
  Fields fields;
  each_line(text, [&](std::string_view line) {
    if (line.empty()) {
      if (!fields.empty()) paragraph(fields);
      fields.clear();
      return;
    }
    const size_t colon = line.find(':');
    if (line[0] == ' ' || line[0] == '\t' || colon == line.npos) return;
    fields.emplace(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  });
  if (!fields.empty()) paragraph(fields);
}

/// PEP 503: runs of -, _ and . are one -, all in lower case.
std::string normalized_python_name(std::string_view name) {
  std::string out;
  for (const char c : to_lower(name)) {
    const bool is_dash = c == '-' || c == '_' || c == '.';
    if (!is_dash)
      out += c;
    else if (!out.ends_with('-'))
      out += '-';
  }
  return out;
}

}  // namespace

Distribution read_os_release(std::string_view text) {
  Distribution out;
  each_line(text, [&](std::string_view line) {
    const size_t equals = line.find('=');
    if (line.starts_with('#') || equals == line.npos) return;
    const std::string_view key = line.substr(0, equals);
    const std::string value = unquoted(line.substr(equals + 1));
    if (key == "ID")
      out.id = value;
    else if (key == "VERSION_ID")
      out.version = value;
    else if (key == "PRETTY_NAME")
      out.name = value;
  });
  return out;
}

std::vector<Package> read_dpkg_status(std::string_view text, const std::string& path) {
  std::vector<Package> out;
  each_paragraph(text, [&](const Fields& fields) {
    const std::string status = field(fields, "status");
    if (!status.empty() && !status.ends_with(" installed") &&
        !status.ends_with(" triggers-pending") && !status.ends_with(" triggers-awaited"))
      return;
    Package package{
        .type = "deb", .name = field(fields, "package"), .version = field(fields, "version")};
    if (package.name.empty() || package.version.empty()) return;
    package.qualifiers = {{"arch", field(fields, "architecture")}};
    // "Source: glibc (2.36-9)": vulnerabilities are filed against the source package.
    const std::string source = field(fields, "source");
    std::string upstream(trim(source.substr(0, source.find('('))));
    if (const size_t open = source.find('('), close = source.find(')');
        open != source.npos && close != source.npos && close > open)
      upstream += "@" + source.substr(open + 1, close - open - 1);
    package.qualifiers.emplace_back("upstream", upstream);
    package.supplier = field(fields, "maintainer");
    package.homepage = field(fields, "homepage");
    package.summary = field(fields, "description");
    package.found_in = {path};
    out.push_back(std::move(package));
  });
  return out;
}

std::vector<Package> read_apk_installed(std::string_view text, const std::string& path) {
  std::vector<Package> out;
  // Keys are single letters and their case counts: "P:name", and "p:" is something else.
  std::map<char, std::string> fields;
  const auto finish = [&] {
    if (!fields['P'].empty() && !fields['V'].empty()) {
      Package package{.type = "apk", .name = fields['P'], .version = fields['V']};
      package.qualifiers = {{"arch", fields['A']}};
      if (fields['o'] != fields['P']) package.qualifiers.emplace_back("upstream", fields['o']);
      package.license = fields['L'];
      package.supplier = fields['m'];
      package.homepage = fields['U'];
      package.summary = fields['T'];
      package.found_in = {path};
      out.push_back(std::move(package));
    }
    fields.clear();
  };
  each_line(text, [&](std::string_view line) {
    if (line.empty()) return finish();
    if (line.size() > 2 && line[1] == ':') fields.emplace(line[0], line.substr(2));
  });
  finish();
  return out;
}

std::optional<Package> read_python_metadata(std::string_view text, const std::string& path) {
  Fields fields;
  std::vector<std::string> classified;
  bool in_header = true;
  each_line(text, [&](std::string_view line) {
    if (line.empty()) in_header = false;
    const size_t colon = line.find(':');
    if (!in_header || line.empty() || line[0] == ' ' || line[0] == '\t' || colon == line.npos)
      return;
    const std::string key = to_lower(line.substr(0, colon));
    const std::string value(trim(line.substr(colon + 1)));
    if (key == "classifier" && value.starts_with("License ::"))
      classified.push_back(value.substr(value.rfind("::") + 3));
    else
      fields.emplace(key, value);
  });
  Package package{.type = "pypi",
                  .name = normalized_python_name(field(fields, "name")),
                  .version = field(fields, "version")};
  if (package.name.empty() || package.version.empty()) return std::nullopt;
  package.license = field(fields, "license-expression");
  if (package.license.empty() && field(fields, "license") != "UNKNOWN")
    package.license = field(fields, "license");
  if (package.license.empty()) package.license = join(classified, ", ");
  if (const auto author = field(fields, "author"); author != "UNKNOWN") package.supplier = author;
  if (const auto home = field(fields, "home-page"); home != "UNKNOWN") package.homepage = home;
  if (const auto summary = field(fields, "summary"); summary != "UNKNOWN")
    package.summary = summary;
  package.found_in = {path};
  return package;
}

}  // namespace slipway::attest

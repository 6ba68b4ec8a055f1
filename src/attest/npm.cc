// npm's package.json and package-lock.json.
#include "attest/package_databases.h"
#include "json/json.h"

namespace slipway::attest {
namespace {

/// "MIT", the old {"type": "MIT"}, or a list of either.
std::string license_of(const json::Value& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) return json::string_or(value, "type");
  std::string out;
  if (value.is_array())
    for (const auto& one : value) {
      const std::string text = license_of(one);
      if (!text.empty()) out += (out.empty() ? "" : " OR ") + text;
    }
  return out;
}

std::optional<Package> package_of(const std::string& full_name, const json::Value& value,
                                  const std::string& path) {
  Package package{.type = "npm", .name = full_name, .version = json::string_or(value, "version")};
  if (const size_t slash = full_name.rfind('/'); slash != full_name.npos) {
    package.space = full_name.substr(0, slash);
    package.name = full_name.substr(slash + 1);
  }
  if (package.name.empty() || package.version.empty()) return std::nullopt;
  for (const char* key : {"license", "licenses"})
    if (const auto* license = json::find(value, key); license && package.license.empty())
      package.license = license_of(*license);
  const auto* author = json::find(value, "author");
  if (author && author->is_string())
    package.supplier = author->get<std::string>();
  else if (author)
    package.supplier = json::string_or(*author, "name");
  package.homepage = json::string_or(value, "homepage");
  package.summary = json::string_or(value, "description");
  package.found_in = {path};
  return package;
}

/// Version 1 nests what a package brings along under it.
void read_dependencies(const json::Value& value, const std::string& path,
                       std::vector<Package>& out) {
  const auto* dependencies = json::find(value, "dependencies");
  if (!dependencies || !dependencies->is_object()) return;
  for (const auto& [name, one] : dependencies->items()) {
    if (!one.is_object() || json::bool_or(one, "dev")) continue;
    if (auto package = package_of(name, one, path)) out.push_back(std::move(*package));
    read_dependencies(one, path, out);
  }
}

}  // namespace

std::optional<Package> read_package_json(std::string_view text, const std::string& path) {
  const json::Value value = json::parse(text, path);
  return package_of(json::string_or(value, "name"), value, path);
}

std::vector<Package> read_package_lock(std::string_view text, const std::string& path) {
  const json::Value value = json::parse(text, path);
  std::vector<Package> out;
  const auto* packages = json::find(value, "packages");
  if (!packages || !packages->is_object()) {
    read_dependencies(value, path, out);
    return out;
  }
  for (const auto& [where, one] : packages->items()) {
    constexpr std::string_view kFolder = "node_modules/";
    const size_t last = where.rfind(kFolder);
    // The project itself and its workspaces are not packages that it uses.
    if (last == where.npos || !one.is_object() || json::bool_or(one, "dev") ||
        json::bool_or(one, "link"))
      continue;
    const std::string name = json::string_or(one, "name", where.substr(last + kFolder.size()));
    if (auto package = package_of(name, one, path)) out.push_back(std::move(*package));
  }
  return out;
}

}  // namespace slipway::attest

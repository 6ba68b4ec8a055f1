#include "attest/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/error.h"

namespace slipway::attest {
namespace {

enum class Kind {
  None,
  OsRelease,
  Dpkg,
  DpkgPart,
  Apk,
  RpmSqlite,
  RpmNdb,
  RpmBerkeley,
  Python,
  Npm,
  NpmLock
};

/// Smaller than any program that Go's linker writes.
constexpr uint64_t kLeastGoProgram = 256 << 10;
/// What is kept in memory of one database.
constexpr uint64_t kMostBytes = uint64_t{1} << 30, kMostText = 64 << 20;

bool is_in(std::string_view path, std::string_view dir) {
  return path.starts_with(dir) && path.find('/', dir.size()) == path.npos;
}

/// "node_modules/NAME/package.json" or "node_modules/@SCOPE/NAME/package.json": not those of
/// folders inside a package.
bool is_npm_package(std::string_view path) {
  constexpr std::string_view kFolder = "node_modules/", kFile = "/package.json";
  if (!path.ends_with(kFile)) return false;
  const size_t last = path.rfind(kFolder);
  if (last == path.npos || (last > 0 && path[last - 1] != '/')) return false;
  const std::string_view name =
      path.substr(last + kFolder.size(), path.size() - last - kFolder.size() - kFile.size());
  return std::ranges::count(name, '/') == (name.starts_with('@') ? 1 : 0);
}

Kind kind_of(std::string_view path) {
  if (path == "etc/os-release" || path == "usr/lib/os-release") return Kind::OsRelease;
  if (path == "var/lib/dpkg/status") return Kind::Dpkg;
  if (is_in(path, "var/lib/dpkg/status.d/"))
    return path.ends_with(".md5sums") ? Kind::None : Kind::DpkgPart;
  if (path == "lib/apk/db/installed" || path == "usr/lib/apk/db/installed") return Kind::Apk;
  for (const std::string_view dir : {"var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/"}) {
    if (!is_in(path, dir)) continue;
    const std::string_view name = path.substr(dir.size());
    if (name == "rpmdb.sqlite") return Kind::RpmSqlite;
    if (name == "Packages.db") return Kind::RpmNdb;
    if (name == "Packages") return Kind::RpmBerkeley;
  }
  if (path.ends_with(".dist-info/METADATA") || path.ends_with(".egg-info/PKG-INFO") ||
      path.ends_with(".egg-info"))
    return Kind::Python;
  if (is_npm_package(path)) return Kind::Npm;
  if ((path == "package-lock.json" || path.ends_with("/package-lock.json")) &&
      path.find("node_modules/") == path.npos)
    return Kind::NpmLock;
  return Kind::None;
}

}  // namespace

bool Scanner::wants(const tree::Entry& entry) {
  if (entry.type != tree::Type::File || entry.size == 0) return false;
  return kind_of(entry.path) != Kind::None ||
         ((entry.mode & 0111) && entry.size >= kLeastGoProgram);
}

void Scanner::take(const std::string& path, FileBytes& file) {
  try {
    read(path, file);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& e) {
    notes_.push_back(fmt::format("/{} could not be read: {}", path, e.message()));
  }
}

void Scanner::read(const std::string& path, FileBytes& file) {
  Kind kind = kind_of(path);
  if (kind == Kind::None) return add(read_go_binary(file, path));
  if (kind == Kind::RpmBerkeley) {
    notes_.push_back(fmt::format(
        "/{} is an RPM database in Berkeley DB form, which is not read: its packages are missing",
        path));
    return;
  }
  const bool is_binary = kind == Kind::RpmSqlite || kind == Kind::RpmNdb;
  if (file.size() > (is_binary ? kMostBytes : kMostText)) {
    notes_.push_back(fmt::format("/{} is too large to be read: its packages are missing", path));
    return;
  }
  const std::string text = read_whole(file);
  switch (kind) {
    case Kind::OsRelease:
      (path.starts_with("etc/") ? from_etc_ : from_usr_) = read_os_release(text);
      break;
    case Kind::Dpkg:
    case Kind::DpkgPart:
      add(read_dpkg_status(text, path));
      break;
    case Kind::Apk:
      add(read_apk_installed(text, path));
      break;
    case Kind::RpmSqlite:
      add(read_rpm_sqlite(text, path));
      break;
    case Kind::RpmNdb:
      add(read_rpm_ndb(text, path));
      break;
    case Kind::Python:
      if (auto package = read_python_metadata(text, path)) add({std::move(*package)});
      break;
    case Kind::Npm:
      if (auto package = read_package_json(text, path)) add({std::move(*package)});
      break;
    case Kind::NpmLock:
      add(read_package_lock(text, path));
      break;
    case Kind::None:
    case Kind::RpmBerkeley:
      break;
  }
}

void Scanner::add(std::vector<Package> packages) {
  packages_.insert(packages_.end(), std::make_move_iterator(packages.begin()),
                   std::make_move_iterator(packages.end()));
}

Inventory Scanner::finish() {
  Inventory out;
  out.distribution = from_etc_.id.empty() ? from_usr_ : from_etc_;
  std::map<std::string, Package> by_url;
  // Files come in any order; of two that name one package the first by path gives the details.
  std::ranges::stable_sort(packages_, {},
                           [](const Package& package) { return package.found_in.front(); });
  for (auto& package : packages_) {
    const bool is_of_distribution =
        package.type == "deb" || package.type == "apk" || package.type == "rpm";
    if (is_of_distribution) {
      package.space = out.distribution.id;
      package.qualifiers.emplace_back("distro", out.distribution.qualifier());
    }
    const auto [it, is_new] = by_url.try_emplace(package.purl(), package);
    if (is_new) continue;
    for (auto& path : package.found_in)
      if (std::ranges::find(it->second.found_in, path) == it->second.found_in.end())
        it->second.found_in.push_back(std::move(path));
    for (auto& part : package.parts)
      if (std::ranges::find(it->second.parts, part) == it->second.parts.end())
        it->second.parts.push_back(std::move(part));
  }
  for (auto& [url, package] : by_url) out.packages.push_back(std::move(package));
  std::ranges::sort(notes_);
  out.notes = std::move(notes_);
  return out;
}

}  // namespace slipway::attest

// See registries_conf.h.
#include "registry/registries_conf.h"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"

namespace slipway::registry {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& origin) : origin_(origin) {}

  std::string text(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (!node) return {};
    const auto value = node->value_exact<std::string>();
    if (!value) wrong(*node, key, "a string");
    return *value;
  }

  bool flag(const toml::table& table, std::string_view key) const {
    const toml::node* node = table.get(key);
    if (!node) return false;
    const auto value = node->value_exact<bool>();
    if (!value) wrong(*node, key, "true or false");
    return *value;
  }

  std::vector<const toml::table*> tables(const toml::table& parent, std::string_view key) const {
    std::vector<const toml::table*> out;
    const toml::node* node = parent.get(key);
    if (!node) return out;
    if (!node->is_array()) wrong(*node, key, "written with double brackets, [[...]]");
    for (const auto& item : *node->as_array()) {
      if (!item.is_table()) wrong(item, key, "a table");
      out.push_back(item.as_table());
    }
    return out;
  }

  std::string location(const toml::table& table, std::string_view key) const {
    std::string value = text(table, key);
    if (value.find("://") != value.npos)
      throw Error(fmt::format("{} = \"{}\" has a URL scheme", key, value), place(*table.get(key)),
                  "write HOST[:PORT][/PATH]; insecure = true allows plain HTTP");
    while (value.ends_with('/')) value.pop_back();
    return value;
  }

  [[noreturn]] void wrong(const toml::node& node, std::string_view key,
                          std::string_view wanted) const {
    throw Error(fmt::format("{} must be {}", key, wanted), place(node),
                "see containers-registries.conf(5)");
  }

  std::string place(const toml::node& node) const {
    return fmt::format("{}:{}", origin_, node.source().begin.line);
  }

 private:
  const std::string& origin_;
};

MirrorEntry read_mirror(const Reader& reader, const toml::table& table, bool digests_only) {
  MirrorEntry mirror;
  mirror.location = reader.location(table, "location");
  if (mirror.location.empty())
    throw Error("a [[registry.mirror]] has no location", reader.place(table),
                "add location = \"HOST[:PORT][/PATH]\"");
  mirror.insecure = reader.flag(table, "insecure");
  const std::string pull = reader.text(table, "pull-from-mirror");
  if (pull == "digest-only" || digests_only) {
    mirror.serves = MirrorEntry::For::DigestsOnly;
  } else if (pull == "tag-only") {
    mirror.serves = MirrorEntry::For::TagsOnly;
  } else if (!pull.empty() && pull != "all") {
    throw Error(fmt::format("pull-from-mirror = \"{}\" is not known", pull),
                reader.place(*table.get("pull-from-mirror")), "use all, digest-only or tag-only");
  }
  return mirror;
}

RegistryEntry read_entry(const Reader& reader, const toml::table& table) {
  RegistryEntry entry;
  entry.location = reader.location(table, "location");
  entry.prefix = reader.location(table, "prefix");
  const bool wildcard = entry.prefix.starts_with("*.");
  if (entry.prefix.empty()) entry.prefix = entry.location;
  if (entry.prefix.empty())
    throw Error("a [[registry]] has neither prefix nor location", reader.place(table),
                "add location = \"HOST[:PORT][/PATH]\"");
  if (entry.location.empty() && !wildcard) entry.location = entry.prefix;
  entry.insecure = reader.flag(table, "insecure");
  entry.blocked = reader.flag(table, "blocked");
  const bool digests_only = reader.flag(table, "mirror-by-digest-only");
  for (const auto* mirror : reader.tables(table, "mirror"))
    entry.mirrors.push_back(read_mirror(reader, *mirror, digests_only));
  return entry;
}

/// Version 1 of the format named only lists of hosts; the two that matter are read as entries.
void read_version_1(const Reader& reader, const toml::table& root, RegistriesConf& conf) {
  for (const char* section : {"insecure", "block"}) {
    const toml::node* list = root.at_path(fmt::format("registries.{}.registries", section)).node();
    if (!list) continue;
    if (!list->is_array()) reader.wrong(*list, "registries", "a list");
    for (const auto& item : *list->as_array()) {
      const auto host = item.value_exact<std::string>();
      if (!host) reader.wrong(item, "registries", "a list of strings");
      RegistryEntry entry{.prefix = *host, .location = *host};
      (section == std::string_view("insecure") ? entry.insecure : entry.blocked) = true;
      conf.entries.push_back(std::move(entry));
    }
  }
}

/// How many characters of `name` ("host/repository[:tag]") the prefix covers; nullopt if it does
/// not cover it.
std::optional<size_t> covered(std::string_view name, std::string_view prefix) {
  if (prefix.starts_with("*.")) {
    const std::string_view host = name.substr(0, name.find('/'));
    const std::string_view host_only = host.substr(0, host.find(':'));
    const std::string_view suffix = prefix.substr(1);
    if (host.size() > suffix.size() && host.ends_with(suffix)) return host.size();
    if (host_only.size() > suffix.size() && host_only.ends_with(suffix)) return host_only.size();
    return std::nullopt;
  }
  if (!name.starts_with(prefix)) return std::nullopt;
  if (name.size() == prefix.size()) return prefix.size();
  const char next = name[prefix.size()];
  // A tag may follow a repository, but "host" does not cover "host:5000".
  const bool at_end =
      next == '/' || ((next == ':' || next == '@') && prefix.find('/') != prefix.npos);
  return at_end ? std::optional(prefix.size()) : std::nullopt;
}

}  // namespace

const RegistryEntry* RegistriesConf::find(const Reference& ref) const {
  const std::string name = ref.str();
  const RegistryEntry* best = nullptr;
  for (const auto& entry : entries)
    if (covered(name, entry.prefix) && (!best || entry.prefix.size() > best->prefix.size()))
      best = &entry;
  return best;
}

RegistriesConf parse_registries_conf(std::string_view text, const std::string& origin) {
  RegistriesConf conf;
  const Reader reader(origin);
  try {
    const toml::table root = toml::parse(text, origin);
    read_version_1(reader, root, conf);
    for (const auto* table : reader.tables(root, "registry"))
      conf.entries.push_back(read_entry(reader, *table));
  } catch (const toml::parse_error& error) {
    throw Error(fmt::format("not valid TOML: {}", error.description()),
                fmt::format("{}:{}", origin, error.source().begin.line),
                "see containers-registries.conf(5)");
  }
  for (auto& entry : conf.entries) entry.origin = origin;
  return conf;
}

RegistriesConf read_registries_conf(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    files.push_back(path);
    const std::string directory = path + ".d";
    if (!os::is_directory(directory)) continue;
    for (const auto& name : os::list_dir(directory))
      if (name.ends_with(".conf")) files.push_back(os::join_path(directory, name));
  }
  RegistriesConf all;
  for (const auto& file : files) {
    const auto text = os::read_file_if_exists(file);
    if (!text) continue;
    for (auto& entry : parse_registries_conf(*text, file).entries) {
      std::erase_if(all.entries,
                    [&](const RegistryEntry& old) { return old.prefix == entry.prefix; });
      all.entries.push_back(std::move(entry));
    }
  }
  return all;
}

std::string rewrite(const std::string& name, const std::string& prefix,
                    const std::string& location) {
  const auto length = covered(name, prefix);
  if (!length || location.empty()) return name;
  return location + name.substr(*length);
}

}  // namespace slipway::registry

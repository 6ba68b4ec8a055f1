#include "bake/target.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"

namespace slipway::bake {
namespace {

/// Of entries with the same value under this key the last one counts; nullptr: only equal ones are the same.
const char* identity(EntryKind kind) {
  switch (kind) {
    case EntryKind::Secret:
    case EntryKind::Ssh: return "id";
    case EntryKind::Attest: return "type";
    default: return nullptr;
  }
}

void drop_doubles(Texts& texts) {
  if (!texts) return;
  std::set<std::string> seen;
  std::erase_if(*texts, [&](const std::string& text) { return text.empty() || !seen.insert(text).second; });
}

void add(Texts& to, const Texts& more) {
  if (!more) return;
  if (!to) to.emplace();
  to->insert(to->end(), more->begin(), more->end());
}

template <class T>
void set(std::optional<T>& to, const std::optional<T>& value) {
  if (value) to = value;
}

void put(Pairs& to, const Pairs& more) {
  for (const auto& [key, value] : more) to[key] = value;
}

std::string get(const Entry& entry, const char* key) {
  const auto it = entry.find(key);
  return it == entry.end() ? "" : it->second;
}

}  // namespace

Entry parse_entry(EntryKind kind, const std::string& text) {
  Entry out;
  if (kind == EntryKind::Ssh) {
    const size_t equals = text.find('=');
    out["id"] = text.substr(0, equals);
    if (equals != text.npos) out["paths"] = text.substr(equals + 1);
    return out;
  }
  const auto fields = csv_fields(text);
  const bool is_bare = fields.size() == 1 && !fields[0].contains('=');
  if (kind == EntryKind::Cache && is_bare) return {{"type", "registry"}, {"ref", fields[0]}};
  if (kind == EntryKind::Output && fields.size() == 1 && fields[0] == text && !text.starts_with("type="))
    return {{"type", text == "-" ? "tar" : "local"}, {"dest", text}};
  for (const auto& field : fields) {
    const size_t equals = field.find('=');
    if (equals == field.npos) throw Error(fmt::format("\"{}\" is no key=value in \"{}\"", field, text));
    std::string key = to_lower(trim(std::string_view(field).substr(0, equals)));
    std::string value = field.substr(equals + 1);
    if (kind == EntryKind::Secret && key == "source") key = "src";
    if (kind == EntryKind::Attest && key == "disabled") {
      if (value == "1" || to_lower(value) == "t" || to_lower(value) == "true") value = "true";
      else if (value == "0" || to_lower(value) == "f" || to_lower(value) == "false") continue;
      else throw Error(fmt::format("\"{}\" is neither true nor false", value));
    }
    out[std::move(key)] = std::move(value);
  }
  if (kind == EntryKind::Secret) {
    if (get(out, "type") == "env" && !out.contains("env")) {
      out["env"] = get(out, "src");
      out.erase("src");
    }
    out.erase("type");
  } else if (kind != EntryKind::Policy && get(out, "type").empty()) {
    throw Error(fmt::format("\"{}\" has no type", text), {}, "write type=...");
  }
  return out;
}

std::string entry_text(EntryKind kind, const Entry& entry) {
  if (kind == EntryKind::Ssh) return entry.contains("paths") ? get(entry, "id") + "=" + get(entry, "paths") : get(entry, "id");
  std::vector<std::string> fields;
  if (entry.contains("type")) fields.push_back("type=" + get(entry, "type"));
  for (const auto& [key, value] : entry)
    if (key != "type") fields.push_back(key + "=" + value);
  return csv_record(fields);
}

void append(EntryKind kind, Entries& entries, const std::vector<Entry>& more) {
  if (!entries) entries.emplace();
  const char* key = identity(kind);
  for (const auto& entry : more) {
    const auto same = [&](const Entry& other) { return key ? get(other, key) == get(entry, key) : other == entry; };
    if (const auto it = std::ranges::find_if(*entries, same); it != entries->end()) *it = entry;
    else entries->push_back(entry);
  }
}

void merge(Target& target, const Target& over) {
  const auto more = [](EntryKind kind, Entries& to, const Entries& entries) {
    if (entries) append(kind, to, *entries);
  };
  if (over.span.text) target.span = over.span;
  if (!over.description.empty()) target.description = over.description;
  target.inherits.insert(target.inherits.end(), over.inherits.begin(), over.inherits.end());
  add(target.annotations, over.annotations);
  more(EntryKind::Attest, target.attest, over.attest);
  set(target.context, over.context);
  put(target.contexts, over.contexts);
  set(target.dockerfile, over.dockerfile);
  set(target.dockerfile_inline, over.dockerfile_inline);
  put(target.args, over.args);
  put(target.labels, over.labels);
  set(target.tags, over.tags);
  more(EntryKind::Cache, target.cache_from, over.cache_from);
  set(target.cache_to, over.cache_to);
  set(target.stage, over.stage);
  more(EntryKind::Secret, target.secrets, over.secrets);
  more(EntryKind::Ssh, target.ssh, over.ssh);
  set(target.platforms, over.platforms);
  set(target.outputs, over.outputs);
  set(target.pull, over.pull);
  set(target.no_cache, over.no_cache);
  set(target.network, over.network);
  add(target.no_cache_filter, over.no_cache_filter);
  set(target.shm_size, over.shm_size);
  add(target.ulimits, over.ulimits);
  put(target.resources, over.resources);
  set(target.call, over.call);
  add(target.entitlements, over.entitlements);
  put(target.extra_hosts, over.extra_hosts);
  if (over.policy) {
    if (!target.policy) target.policy.emplace();
    target.policy->insert(target.policy->end(), over.policy->begin(), over.policy->end());
  }
}

void normalize(Target& target) {
  if (target.network == "host") add(target.entitlements, std::vector<std::string>{"network.host"});
  for (Texts* texts : {&target.annotations, &target.tags, &target.platforms, &target.no_cache_filter, &target.ulimits, &target.entitlements})
    drop_doubles(*texts);
  const auto same = [](EntryKind kind, Entries& entries) {
    if (entries) append(kind, entries, std::exchange(*entries, {}));
  };
  same(EntryKind::Attest, target.attest);
  same(EntryKind::Secret, target.secrets);
  same(EntryKind::Ssh, target.ssh);
  same(EntryKind::Cache, target.cache_from);
  same(EntryKind::Cache, target.cache_to);
  same(EntryKind::Output, target.outputs);
  std::erase_if(target.contexts, [](const auto& context) { return context.second.empty(); });
}

}  // namespace slipway::bake

// --set PATTERN.KEY=VALUE.
#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/project.h"

namespace slipway::bake {
namespace {

bool boolean(const std::string& key, const std::string& text) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  throw Error(fmt::format("{} is true or false, and not \"{}\"", key, text));
}

bool is(const Entry& entry, const char* key, const char* value) {
  const auto it = entry.find(key);
  return it != entry.end() && it->second == value;
}

/// What --push does to the outputs that are there.
void set_push(Entries& outputs, bool push) {
  if (!push) {
    if (!outputs) return;
    std::erase_if(*outputs, [](const Entry& entry) { return is(entry, "type", "registry"); });
    for (auto& entry : *outputs)
      if (is(entry, "type", "image")) entry["push"] = "false";
    return;
  }
  if (!outputs) outputs.emplace();
  bool adds = true;
  for (auto& entry : *outputs) {
    if (!is(entry, "type", "docker")) adds = false;
    if (is(entry, "type", "image")) entry["push"] = "true";
  }
  if (adds) outputs->push_back({{"type", "image"}, {"push", "true"}});
}

void set_load(Entries& outputs, bool load) {
  if (!load) return;
  if (!outputs) outputs.emplace();
  for (const auto& entry : *outputs) {
    if (is(entry, "type", "docker")) {
      if (!entry.contains("dest")) return;
    } else if (!is(entry, "type", "image") && !is(entry, "type", "registry") && !is(entry, "type", "oci")) {
      return;  // files and the like are what was asked for
    }
  }
  outputs->push_back({{"type", "docker"}});
}

std::vector<Entry> entries(EntryKind kind, const std::vector<std::string>& values) {
  std::vector<Entry> out;
  for (const auto& value : values) {
    if (value.empty()) continue;
    if (kind == EntryKind::Cache && !value.contains('=')) {
      for (const auto& ref : split(value, ',')) out.push_back(parse_entry(kind, ref));
      continue;
    }
    out.push_back(parse_entry(kind, value));
  }
  return out;
}

void set_entries(EntryKind kind, Entries& to, bool adds, const std::vector<std::string>& values) {
  if (!adds) to.emplace();
  append(kind, to, entries(kind, values));
}

void set_texts(Texts& to, bool adds, const std::vector<std::string>& values) {
  if (!adds || !to) to.emplace();
  to->insert(to->end(), values.begin(), values.end());
}

const std::vector<std::string> kKeys = {
    "annotations", "args.NAME", "attest",   "cache-from", "cache-to",        "call",      "context",         "contexts.NAME",
    "dockerfile",  "entitlements", "extra-hosts.NAME", "labels.NAME", "load", "network",  "no-cache",        "no-cache-filter",
    "output",      "platform",  "policy",   "pull",       "push",            "resources.NAME", "secret.ID",  "secrets",
    "shm-size",    "ssh",       "tags",     "target",     "ulimits"};

}  // namespace

void apply_override(Target& target, const std::string& key, bool adds, const std::vector<std::string>& values) {
  const size_t dot = key.find('.');
  const std::string name = key.substr(0, dot);
  const std::string& value = values.back();
  const auto member = [&] {
    if (dot == key.npos || dot + 1 == key.size()) throw Error(fmt::format("{} needs a name", name), {}, fmt::format("write TARGET.{}.NAME=VALUE", name));
    return key.substr(dot + 1);
  };
  if (name == "context") target.context = value;
  else if (name == "dockerfile") target.dockerfile = value;
  else if (name == "args") target.args[member()] = value;
  else if (name == "contexts") target.contexts[member()] = value;
  else if (name == "labels") target.labels[member()] = value;
  else if (name == "extra-hosts") target.extra_hosts[member()] = value;
  else if (name == "resources") target.resources[member()] = value;
  else if (name == "target") target.stage = value;
  else if (name == "call") target.call = value;
  else if (name == "network") target.network = value;
  else if (name == "shm-size") target.shm_size = value;
  else if (name == "tags") set_texts(target.tags, adds, values);
  else if (name == "platform") set_texts(target.platforms, adds, values);
  else if (name == "no-cache-filter") set_texts(target.no_cache_filter, adds, values);
  else if (name == "ulimits") set_texts(target.ulimits, adds, values);
  else if (name == "annotations") set_texts(target.annotations, true, values);
  else if (name == "entitlements") set_texts(target.entitlements, true, values);
  else if (name == "cache-from") set_entries(EntryKind::Cache, target.cache_from, adds, values);
  else if (name == "cache-to") set_entries(EntryKind::Cache, target.cache_to, adds, values);
  else if (name == "output") set_entries(EntryKind::Output, target.outputs, adds, values);
  else if (name == "secrets") set_entries(EntryKind::Secret, target.secrets, adds, values);
  else if (name == "ssh") set_entries(EntryKind::Ssh, target.ssh, adds, values);
  else if (name == "policy") set_entries(EntryKind::Policy, target.policy, adds, values);
  else if (name == "attest") set_entries(EntryKind::Attest, target.attest, true, values);
  else if (name == "no-cache") target.no_cache = boolean(name, value);
  else if (name == "pull") target.pull = boolean(name, value);
  else if (name == "push") set_push(target.outputs, boolean(name, value));
  else if (name == "load") set_load(target.outputs, boolean(name, value));
  else if (name == "secret") {
    const std::string id = member();
    const auto same = [&](const Entry& entry) { return is(entry, "id", id.c_str()); };
    if (!target.secrets || std::ranges::none_of(*target.secrets, same))
      throw Error(fmt::format("the target {} has no secret \"{}\" that could be changed", target.name, id));
    Entry next = parse_entry(EntryKind::Secret, value);
    if (next.contains("id") && next["id"] != id) throw Error(fmt::format("the value is about the secret \"{}\"", next["id"]));
    next["id"] = id;
    *std::ranges::find_if(*target.secrets, same) = std::move(next);
  } else {
    const auto near = closest(name, kKeys);
    throw Error(fmt::format("a target has no key \"{}\"", name), {},
                near ? fmt::format("did you mean {}?", *near) : fmt::format("the keys are: {}", join(kKeys, ", ")));
  }
}

}  // namespace slipway::bake

#include "bake/decode.h"

#include <fmt/core.h>

#include "base/text.h"

namespace slipway::bake {
namespace {

std::vector<std::string> texts(const Value& value) {
  if (!value.list()) throw Error(fmt::format("a list is needed here, and this is a {}", kind_name(value)), {}, "write [...]");
  std::vector<std::string> out;
  for (const auto& item : *value.list()) out.push_back(to_text(item));
  return out;
}

/// Members that are null are left out.
Pairs pairs(const Value& value) {
  if (!value.object()) throw Error(fmt::format("an object is needed here, and this is a {}", kind_name(value)), {}, "write {name = value}");
  Pairs out;
  for (const auto& [key, member] : *value.object())
    if (!member.is_null()) out[key] = to_text(member);
  return out;
}

Entry entry(EntryKind kind, const Value& value) {
  if (!value.object()) return parse_entry(kind, to_text(value));
  if (kind == EntryKind::Ssh) {
    Entry out;
    for (const auto& [key, member] : *value.object()) out[key] = key == "paths" ? join(texts(member), ",") : to_text(member);
    return out;
  }
  Entry out = pairs(value);
  if (kind == EntryKind::Attest && out.contains("disabled") && out["disabled"] != "true") out.erase("disabled");
  if (kind != EntryKind::Secret && kind != EntryKind::Policy && !out.contains("type")) throw Error("this has no type");
  return out;
}

std::vector<Entry> entries(EntryKind kind, const Value& value) {
  if (!value.list()) throw Error(fmt::format("a list is needed here, and this is a {}", kind_name(value)), {}, "write [...]");
  std::vector<Entry> out;
  for (const auto& item : *value.list()) {
    if (item.is_null() || (item.text() && item.text()->empty())) continue;
    // References of caches alone may stand side by side.
    if (kind == EntryKind::Cache && item.text() && !item.text()->contains('=')) {
      for (const auto& ref : split(*item.text(), ',')) out.push_back(parse_entry(kind, ref));
      continue;
    }
    out.push_back(entry(kind, item));
  }
  return out;
}

/// Sets the member that the attribute is about.
using Setter = void (*)(Target&, const Value&);
const std::map<std::string, Setter, std::less<>>& setters() {
  static const std::map<std::string, Setter, std::less<>> kSetters = {
      {"annotations", [](Target& t, const Value& v) { t.annotations = texts(v); }},
      {"args", [](Target& t, const Value& v) { t.args = pairs(v); }},
      {"attest", [](Target& t, const Value& v) { t.attest = entries(EntryKind::Attest, v); }},
      {"cache-from", [](Target& t, const Value& v) { t.cache_from = entries(EntryKind::Cache, v); }},
      {"cache-to", [](Target& t, const Value& v) { t.cache_to = entries(EntryKind::Cache, v); }},
      {"call", [](Target& t, const Value& v) { t.call = to_text(v); }},
      {"context", [](Target& t, const Value& v) { t.context = to_text(v); }},
      {"contexts", [](Target& t, const Value& v) { t.contexts = pairs(v); }},
      {"description", [](Target& t, const Value& v) { t.description = to_text(v); }},
      {"dockerfile", [](Target& t, const Value& v) { t.dockerfile = to_text(v); }},
      {"dockerfile-inline", [](Target& t, const Value& v) { t.dockerfile_inline = to_text(v); }},
      {"entitlements", [](Target& t, const Value& v) { t.entitlements = texts(v); }},
      {"extra-hosts", [](Target& t, const Value& v) { t.extra_hosts = pairs(v); }},
      {"inherits", [](Target& t, const Value& v) { t.inherits = texts(v); }},
      {"labels", [](Target& t, const Value& v) { t.labels = pairs(v); }},
      {"matrix", [](Target&, const Value&) {}},
      {"name", [](Target&, const Value&) {}},
      {"network", [](Target& t, const Value& v) { t.network = to_text(v); }},
      {"no-cache", [](Target& t, const Value& v) { t.no_cache = to_bool(v); }},
      {"no-cache-filter", [](Target& t, const Value& v) { t.no_cache_filter = texts(v); }},
      {"output", [](Target& t, const Value& v) { t.outputs = entries(EntryKind::Output, v); }},
      {"platforms", [](Target& t, const Value& v) { t.platforms = texts(v); }},
      {"policy", [](Target& t, const Value& v) { t.policy = entries(EntryKind::Policy, v); }},
      {"pull", [](Target& t, const Value& v) { t.pull = to_bool(v); }},
      {"resources", [](Target& t, const Value& v) { t.resources = pairs(v); }},
      {"secret", [](Target& t, const Value& v) { t.secrets = entries(EntryKind::Secret, v); }},
      {"shm-size", [](Target& t, const Value& v) { t.shm_size = to_text(v); }},
      {"ssh", [](Target& t, const Value& v) { t.ssh = entries(EntryKind::Ssh, v); }},
      {"tags", [](Target& t, const Value& v) { t.tags = texts(v); }},
      {"target", [](Target& t, const Value& v) { t.stage = to_text(v); }},
      {"ulimits", [](Target& t, const Value& v) { t.ulimits = texts(v); }},
  };
  return kSetters;
}

/// Attributes that decide what an instance is were evaluated when it was made.
bool is_about_instances(std::string_view name) { return name == "matrix" || name == "name"; }

template <class Work>
void attempt(const Span& span, std::vector<Error>& mistakes, const Work& work) {
  try {
    work();
  } catch (Error& error) {
    locate(error, span);
    mistakes.push_back(std::move(error));
  }
}

void unknown(const Block& block, const AttributeNode& attribute, const std::vector<std::string>& known, std::vector<Error>& mistakes) {
  const auto near = closest(attribute.name, known);
  mistakes.push_back(error_at(attribute.span, fmt::format("a {} has no attribute \"{}\"", block.type, attribute.name),
                              near ? fmt::format("did you mean {}?", *near) : fmt::format("there are: {}", join(known, ", "))));
}

void refuse_blocks(const Block& block, std::vector<Error>& mistakes) {
  for (const auto& inner : block.body.blocks)
    mistakes.push_back(error_at(inner.span, fmt::format("a {} has no blocks", block.type),
                                setters().contains(inner.type) ? fmt::format("write {} = ...", inner.type) : ""));
}

}  // namespace

Target decode_target(Module& module, Instance& instance, std::vector<Error>& mistakes) {
  Target out;
  out.name = instance.name;
  out.span = instance.block->span;
  refuse_blocks(*instance.block, mistakes);
  for (const auto& attribute : instance.block->body.attributes) {
    const auto it = setters().find(attribute.name);
    if (it == setters().end()) {
      std::vector<std::string> known;
      for (const auto& [name, setter] : setters()) known.push_back(name);
      unknown(*instance.block, attribute, known, mistakes);
    } else if (!is_about_instances(attribute.name)) {
      attempt(attribute.value->span, mistakes, [&] {
        const Value value = module.attribute(instance, attribute);
        if (!value.is_null()) it->second(out, value);
      });
    }
  }
  return out;
}

Group decode_group(Module& module, Instance& instance, std::vector<Error>& mistakes) {
  Group out;
  out.name = instance.name;
  refuse_blocks(*instance.block, mistakes);
  for (const auto& attribute : instance.block->body.attributes)
    attempt(attribute.value->span, mistakes, [&] {
      if (attribute.name == "targets") out.targets = texts(module.attribute(instance, attribute));
      else if (attribute.name == "description") out.description = to_text(module.attribute(instance, attribute));
      else unknown(*instance.block, attribute, {"description", "targets"}, mistakes);
    });
  if (!instance.block->body.attribute("targets"))
    mistakes.push_back(error_at(instance.block->span, fmt::format("the group {} has no targets", out.name)));
  return out;
}

}  // namespace slipway::bake

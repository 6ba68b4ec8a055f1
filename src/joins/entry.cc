#include "joins/entry.h"

#include "base/error.h"
#include "json/json.h"

namespace slipway::joins {
namespace {

Entry entry_from(json::Value value, std::string_view origin) {
  return {oci::descriptor_from_json(value, origin), json::dump(value)};
}

/// `changed` with the members of `entry` that no Descriptor has.
Entry rewritten(const Entry& entry, const oci::Descriptor& changed) {
  const json::Value old = json::parse(entry.text, "entry");
  json::Value value = oci::to_json(changed);
  for (const auto& [key, member] : old.items())
    if (!value.contains(key) && key != "annotations") value[key] = member;
  if (entry.descriptor.platform == changed.platform)
    if (const json::Value* platform = json::find(old, "platform")) value["platform"] = *platform;
  return {changed, json::dump(value)};
}

}  // namespace

Entry entry_of(const oci::Descriptor& descriptor) {
  return {descriptor, json::dump(oci::to_json(descriptor))};
}

std::vector<Entry> entries_of(std::string_view index, std::string_view origin) {
  const json::Value root = json::parse(index, origin);
  std::vector<Entry> out;
  const json::Value* list = json::find(root, "manifests");
  if (!list || !list->is_array())
    throw Error("this is no index of images", std::string(origin),
                "name an index, or the manifest of one image");
  for (const auto& item : *list) out.push_back(entry_from(item, origin));
  return out;
}

std::string print_index(std::string_view media_type, const std::vector<Entry>& entries,
                        const oci::Annotations& annotations) {
  json::Value out = json::Value::object();
  out["schemaVersion"] = 2;
  out["mediaType"] = media_type;
  out["manifests"] = json::Value::array();
  for (const auto& entry : entries) out["manifests"].push_back(json::parse(entry.text, "entry"));
  for (const auto& [key, value] : annotations) out["annotations"][key] = value;
  return json::dump_pretty(out);
}

Entry with_annotations(const Entry& entry, const oci::Annotations& annotations) {
  oci::Descriptor changed = entry.descriptor;
  changed.annotations = annotations;
  return rewritten(entry, changed);
}

Entry with_platform(const Entry& entry, const oci::Platform& platform) {
  oci::Descriptor changed = entry.descriptor;
  changed.platform = platform;
  return rewritten(entry, changed);
}

std::string subject_of(const oci::Descriptor& descriptor) {
  if (!oci::is_attestation(descriptor)) return {};
  const auto found = descriptor.annotations.find("vnd.docker.reference.digest");
  return found == descriptor.annotations.end() ? std::string() : found->second;
}

}  // namespace slipway::joins

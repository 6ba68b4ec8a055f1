// The ledger as a document (docs/formats/remote-cache.md).
#include <fmt/core.h>

#include "base/text.h"
#include "json/json.h"
#include "remote_cache/ledger.h"
#include "remote_cache/zstd_text.h"

namespace slipway::remote_cache {
namespace {

using json::Value;

constexpr int64_t kVersion = 1;
constexpr size_t kMaxText = size_t{512} << 20;
constexpr size_t kMaxEntries = 1'000'000;
constexpr uint64_t kMaxBlob = uint64_t{1} << 40;
constexpr size_t kMaxValue = size_t{4} << 20;

[[noreturn]] void malformed(std::string_view origin, std::string_view why) {
  throw Error(fmt::format("the cache's ledger is damaged: {}", why), std::string(origin));
}

const Value& array_of(const Value& value, std::string_view key, std::string_view origin) {
  static const Value kNone = Value::array();
  const Value* found = json::find(value, key);
  if (!found) return kNone;
  if (!found->is_array() || found->size() > kMaxEntries)
    malformed(origin, fmt::format("\"{}\" is no list", key));
  return *found;
}

uint64_t number_of(const Value& value, std::string_view key, std::string_view origin) {
  const auto number = json::int_or_none(value, key);
  if (!number || *number < 0) malformed(origin, fmt::format("\"{}\" is no number", key));
  return static_cast<uint64_t>(*number);
}

oci::Digest digest_of(const Value& value, std::string_view key, std::string_view origin) {
  const auto digest = oci::Digest::parse(json::string_or(value, key));
  if (!digest) malformed(origin, fmt::format("\"{}\" is no digest", key));
  return *digest;
}

oci::Descriptor blob_of(const Value& value, std::string_view origin) {
  oci::Descriptor out = oci::descriptor_from_json(value, origin);
  if (out.size > kMaxBlob)
    malformed(origin, fmt::format("{} bytes are too many for a blob", out.size));
  return out;
}

Value to_json(const std::string& key, const Record& record) {
  Value out = Value::object();
  out["key"] = key;
  out["value"] = record.value;
  if (!record.under.empty()) out["under"] = record.under;
  if (!record.group.empty()) out["group"] = record.group;
  out["used"] = record.used;
  return out;
}

Value to_json(const std::string& id, const Layer& layer) {
  Value out = Value::object();
  out["id"] = id;
  out["mediaType"] = layer.blob.media_type;
  out["digest"] = layer.blob.digest.str();
  out["size"] = layer.blob.size;
  out["diffID"] = layer.blob.diff_id.str();
  out["form"] = layer.blob.form;
  out["used"] = layer.used;
  return out;
}

Value to_json(const std::string& id, const Mount& mount) {
  Value out = Value::object();
  out["id"] = id;
  out["listing"] = oci::to_json(mount.listing);
  out["packs"] = Value::array();
  for (const auto& pack : mount.packs) out["packs"].push_back(oci::to_json(pack));
  out["used"] = mount.used;
  return out;
}

void read_record(const Value& item, std::string_view origin, Ledger& out) {
  Record record{.value = json::string_or(item, "value"),
                .under = json::string_or(item, "under"),
                .group = json::string_or(item, "group"),
                .used = number_of(item, "used", origin)};
  const std::string key = json::string_or(item, "key");
  if (key.empty() || key.size() > 200 || record.value.size() > kMaxValue)
    malformed(origin, "a record has no key");
  out.records[key] = std::move(record);
}

void read_layer(const Value& item, std::string_view origin, Ledger& out) {
  const std::string id = json::string_or(item, "id");
  if (!is_layer_id(id))
    malformed(origin, fmt::format("\"{}\" is no layer that a step makes", id.substr(0, 100)));
  const oci::Descriptor blob = blob_of(item, origin);
  out.layers[id] = {.blob = {.form = json::string_or(item, "form"),
                             .digest = blob.digest,
                             .diff_id = digest_of(item, "diffID", origin),
                             .size = blob.size,
                             .media_type = blob.media_type},
                    .used = number_of(item, "used", origin)};
}

void read_mount(const Value& item, std::string_view origin, Ledger& out) {
  const std::string id = json::string_or(item, "id");
  const Value* listing = json::find(item, "listing");
  if (id.empty() || !listing) malformed(origin, "a cache mount has no id or listing");
  Mount mount{
      .listing = blob_of(*listing, origin), .packs = {}, .used = number_of(item, "used", origin)};
  for (const auto& pack : array_of(item, "packs", origin))
    mount.packs.push_back(blob_of(pack, origin));
  out.mounts[id] = std::move(mount);
}

}  // namespace

std::string print(const Ledger& ledger) {
  Value out = Value::object();
  out["version"] = kVersion;
  out["generation"] = ledger.generation;
  out["layers"] = Value::array();
  for (const auto& [id, layer] : ledger.layers) out["layers"].push_back(to_json(id, layer));
  out["records"] = Value::array();
  for (const auto& [key, record] : ledger.records) out["records"].push_back(to_json(key, record));
  if (!ledger.mounts.empty()) {
    out["mounts"] = Value::array();
    for (const auto& [id, mount] : ledger.mounts) out["mounts"].push_back(to_json(id, mount));
  }
  return compress_text(json::dump(out));
}

Ledger parse(std::string_view bytes, std::string_view origin) {
  const Value value = json::parse(decompress_text(bytes, kMaxText, origin), origin);
  if (!value.is_object()) malformed(origin, "it is no JSON object");
  const int64_t version = json::int_or_none(value, "version").value_or(0);
  if (version > kVersion)
    throw NewerCache(
        fmt::format("this cache was written by a newer slipway (version {}, this program knows {})",
                    version, kVersion),
        std::string(origin), "use the newer slipway, or another name for this one's cache");
  if (version != kVersion) malformed(origin, "it has no version");
  Ledger out;
  out.generation = number_of(value, "generation", origin);
  if (out.generation > uint64_t{1} << 60)
    malformed(origin, "its generation is too large to be true");
  for (const auto& item : array_of(value, "layers", origin)) read_layer(item, origin, out);
  for (const auto& item : array_of(value, "records", origin)) read_record(item, origin, out);
  for (const auto& item : array_of(value, "mounts", origin)) read_mount(item, origin, out);
  return out;
}

}  // namespace slipway::remote_cache

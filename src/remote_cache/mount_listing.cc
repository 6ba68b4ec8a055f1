#include "remote_cache/mount_listing.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "json/json.h"
#include "os/fs.h"
#include "remote_cache/zstd_text.h"

namespace slipway::remote_cache {
namespace {

using json::Value;

constexpr int64_t kVersion = 1;
constexpr size_t kMaxText = size_t{512} << 20;
constexpr uint64_t kMaxBytes = uint64_t{64} << 30;  // of all files
constexpr uint64_t kMaxPack = uint64_t{1} << 30;

[[noreturn]] void malformed(std::string_view origin, std::string_view why) {
  throw Error(fmt::format("the listing of a cache mount is damaged: {}", why), std::string(origin));
}

uint64_t number(const Value& value, std::string_view key, std::string_view origin, uint64_t most) {
  const auto found = json::int_or_none(value, key);
  if (!found || *found < 0 || static_cast<uint64_t>(*found) > most)
    malformed(origin, fmt::format("\"{}\"", key));
  return static_cast<uint64_t>(*found);
}

const Value& list(const Value& value, std::string_view key, std::string_view origin) {
  const Value* found = json::find(value, key);
  if (!found || !found->is_array()) malformed(origin, fmt::format("\"{}\" is no list", key));
  return *found;
}

bool is_clean(const std::string& path) {
  return !path.starts_with('/') && !path.contains('\0') && path != "." && path != ".." &&
         !path.starts_with("../") && os::clean_path(path) == path;
}

MountEntry read_entry(const Value& item, std::string_view origin, const MountListing& listing) {
  MountEntry out;
  out.path = json::string_or(item, "path");
  if (!out.path.empty() && !is_clean(out.path))
    malformed(origin, fmt::format("the path \"{}\"", out.path));
  const std::string type = json::string_or(item, "type");
  if (type == "dir")
    out.type = MountEntry::Type::Dir;
  else if (type == "file")
    out.type = MountEntry::Type::File;
  else if (type == "link")
    out.type = MountEntry::Type::Link;
  else
    malformed(origin, fmt::format("the type \"{}\"", type));
  out.mode = static_cast<uint32_t>(number(item, "mode", origin, 07777));
  out.uid = static_cast<uint32_t>(number(item, "uid", origin, UINT32_MAX - 1));
  out.gid = static_cast<uint32_t>(number(item, "gid", origin, UINT32_MAX - 1));
  const auto mtime = json::int_or_none(item, "mtime");
  if (!mtime) malformed(origin, "\"mtime\"");
  out.mtime_ns = *mtime;
  if (out.type == MountEntry::Type::Link) {
    out.target = json::string_or(item, "target");
    if (out.target.empty() || out.target.contains('\0'))
      malformed(origin, "a link without a target");
  }
  if (out.type != MountEntry::Type::File) return out;
  out.size = number(item, "size", origin, kMaxBytes);
  uint64_t sum = 0;
  for (const auto& index : list(item, "chunks", origin)) {
    if (!index.is_number_unsigned() || index.get<uint64_t>() >= listing.chunks.size())
      malformed(origin, "a chunk's number");
    out.chunks.push_back(index.get<uint32_t>());
    sum += listing.chunks[out.chunks.back()].length;
  }
  if (sum != out.size) malformed(origin, fmt::format("the size of \"{}\"", out.path));
  return out;
}

}  // namespace

std::string print(const MountListing& listing) {
  Value out = Value::object();
  out["version"] = kVersion;
  out["packs"] = Value::array();
  for (const auto& pack : listing.packs) {
    Value item = oci::to_json(pack.blob);
    item["length"] = pack.length;
    out["packs"].push_back(std::move(item));
  }
  out["chunks"] = Value::array();
  for (const auto& chunk : listing.chunks) {
    Value item = Value::object();
    item["sum"] = chunk.sum;
    item["pack"] = chunk.pack;
    item["offset"] = chunk.offset;
    item["length"] = chunk.length;
    out["chunks"].push_back(std::move(item));
  }
  out["entries"] = Value::array();
  for (const auto& entry : listing.entries) {
    Value item = Value::object();
    item["path"] = entry.path;
    item["type"] = entry.type == MountEntry::Type::Dir    ? "dir"
                   : entry.type == MountEntry::Type::File ? "file"
                                                          : "link";
    item["mode"] = entry.mode;
    item["uid"] = entry.uid;
    item["gid"] = entry.gid;
    item["mtime"] = entry.mtime_ns;
    if (entry.type == MountEntry::Type::File) {
      item["size"] = entry.size;
      item["chunks"] = entry.chunks;
    }
    if (entry.type == MountEntry::Type::Link) item["target"] = entry.target;
    out["entries"].push_back(std::move(item));
  }
  return compress_text(json::dump(out));
}

MountListing parse_mount_listing(std::string_view bytes, std::string_view origin) {
  const Value value = json::parse(decompress_text(bytes, kMaxText, origin), origin);
  if (!value.is_object() || json::int_or_none(value, "version").value_or(0) != kVersion)
    malformed(origin, "it has another version");
  MountListing out;
  for (const auto& item : list(value, "packs", origin))
    out.packs.push_back({.blob = oci::descriptor_from_json(item, origin),
                         .length = number(item, "length", origin, kMaxPack)});
  for (const auto& item : list(value, "chunks", origin)) {
    if (out.packs.empty()) malformed(origin, "a chunk without a pack");
    Chunk chunk{.sum = json::string_or(item, "sum"),
                .pack = static_cast<uint32_t>(number(item, "pack", origin, out.packs.size() - 1)),
                .offset = number(item, "offset", origin, kMaxPack),
                .length = static_cast<uint32_t>(number(item, "length", origin, kMaxPack))};
    if (chunk.length == 0 || chunk.offset + chunk.length > out.packs[chunk.pack].length ||
        chunk.sum.size() != 64)
      malformed(origin, "a chunk outside of its pack");
    out.chunks.push_back(std::move(chunk));
  }
  std::set<std::string> dirs, seen;
  uint64_t total = 0;
  for (const auto& item : list(value, "entries", origin)) {
    MountEntry entry = read_entry(item, origin, out);
    if (!seen.insert(entry.path).second)
      malformed(origin, fmt::format("\"{}\" is there twice", entry.path));
    const std::string parent = entry.path.contains('/') ? os::dir_name(entry.path) : "";
    // Whatever is restored goes into directories that were made for it, never through a link.
    if (!entry.path.empty() && !dirs.contains(parent))
      malformed(origin, fmt::format("\"{}\" is in no directory", entry.path));
    if (entry.path.empty() && entry.type != MountEntry::Type::Dir)
      malformed(origin, "the mount is no directory");
    if (entry.type == MountEntry::Type::Dir) dirs.insert(entry.path);
    total += entry.size;
    if (total > kMaxBytes) malformed(origin, "it holds too much to be true");
    out.entries.push_back(std::move(entry));
  }
  return out;
}

}  // namespace slipway::remote_cache

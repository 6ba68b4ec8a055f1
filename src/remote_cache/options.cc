#include "remote_cache/options.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "compress/encode.h"
#include "os/fs.h"
#include "registry/reference.h"
#include "remote_cache/gha.h"
#include "remote_cache/local.h"
#include "remote_cache/registry_cache.h"
#include "remote_cache/s3.h"

namespace slipway::remote_cache {
namespace {

constexpr uint64_t kDefaultMaxBytes = uint64_t{10} << 30;
constexpr uint64_t kDefaultMountBytes = uint64_t{2} << 30;

/// Keys that a type has on both sides.
std::vector<std::string> place_keys(const std::string& type) {
  if (type == "registry") return {"ref", "registry.insecure"};
  if (type == "local") return {"tag", "digest"};
  if (type == "gha")
    return {"scope", "url", "url_v2", "token", "version", "timeout", "repository", "ghtoken"};
  if (type == "s3")
    return {"bucket",
            "region",
            "name",
            "prefix",
            "blobs_prefix",
            "manifests_prefix",
            "endpoint_url",
            "use_path_style",
            "access_key_id",
            "secret_access_key",
            "session_token",
            "touch_refresh",
            "upload_parallelism",
            "retry_mode",
            "retry_max_attempts"};
  return {};
}

std::string flag_of(bool is_export) { return is_export ? "--cache-to" : "--cache-from"; }

void check_keys(const Spec& spec, bool is_export) {
  if (spec.type == "azblob")
    throw Error("caches in Azure's blob storage are not supported", flag_of(is_export),
                "use type=registry, s3, gha or local");
  std::vector<std::string> keys = place_keys(spec.type);
  if (spec.type != "inline") keys.push_back("mounts");
  if (is_export)
    for (const char* each :
         {"mode", "ignore-error", "compression", "compression-level", "force-compression",
          "oci-mediatypes", "image-manifest", "max-size", "mounts-max-size", "reset"})
      keys.emplace_back(each);
  if (spec.type == "local") keys.emplace_back(is_export ? "dest" : "src");
  for (const auto& [key, value] : spec.attrs) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    const auto near = closest(key, keys);
    throw Error(fmt::format("a cache of type {} has no key \"{}\"", spec.type, key),
                flag_of(is_export),
                near ? fmt::format("did you mean \"{}\"?", *near) : "it has: " + join(keys, ", "));
  }
}

const std::string* value_of(const Spec& spec, const std::string& key) {
  const auto it = spec.attrs.find(key);
  return it == spec.attrs.end() ? nullptr : &it->second;
}

bool flag_in(const Spec& spec, const std::string& key, bool fallback, bool is_export) {
  const std::string* value = value_of(spec, key);
  if (!value) return fallback;
  const std::string text = to_lower(*value);
  if (text == "true" || text == "1" || text == "t") return true;
  if (text == "false" || text == "0" || text == "f") return false;
  throw Error(fmt::format("\"{}\" is neither true nor false", *value),
              fmt::format("{} {}", flag_of(is_export), key));
}

uint64_t size_in(const Spec& spec, const std::string& key, uint64_t fallback) {
  const std::string* value = value_of(spec, key);
  if (!value) return fallback;
  const auto size = parse_size(*value);
  if (!size)
    throw Error(fmt::format("\"{}\" is no size", *value), "--cache-to " + key,
                "write 500MB, 5GB or 0 for no limit");
  return *size == 0 ? UINT64_MAX : *size;
}

std::string needed(const Spec& spec, const std::string& key, bool is_export) {
  const std::string* value = value_of(spec, key);
  if (!value || value->empty())
    throw Error(fmt::format("a cache of type {} needs {}=", spec.type, key), flag_of(is_export));
  return *value;
}

/// Several ids are several words: the flag's own commas are taken by its keys.
std::vector<std::string> mounts_in(const Spec& spec) {
  std::vector<std::string> out;
  if (const std::string* value = value_of(spec, "mounts"))
    for (const auto& part : split(*value, ','))
      for (const auto& id : split(part, ';'))
        if (!trim(id).empty()) out.emplace_back(trim(id));
  return out;
}

}  // namespace

ExportOptions read_export(const Spec& spec) {
  check_keys(spec, true);
  ExportOptions out;
  out.is_inline = spec.type == "inline";
  if (const std::string* mode = value_of(spec, "mode")) {
    if (*mode != "min" && *mode != "max")
      throw Error(fmt::format("\"{}\" is no mode", *mode), "--cache-to mode",
                  "write mode=min or mode=max");
    out.all_steps = *mode == "max" && !out.is_inline;
  }
  out.ignore_error = flag_in(spec, "ignore-error", true, true);
  out.force_compression = flag_in(spec, "force-compression", false, true);
  flag_in(spec, "oci-mediatypes", true, true);
  flag_in(spec, "image-manifest", true, true);
  out.reset = flag_in(spec, "reset", false, true);
  out.max_bytes = size_in(spec, "max-size", kDefaultMaxBytes);
  out.mount_max_bytes = size_in(spec, "mounts-max-size", kDefaultMountBytes);
  out.mounts = mounts_in(spec);
  out.level = 1;
  if (const std::string* form = value_of(spec, "compression")) {
    if (*form == "zstd")
      out.compression = oci::Compression::Zstd;
    else if (*form == "gzip" || *form == "estargz")
      out.compression = oci::Compression::Gzip, out.level.reset();
    else if (*form == "uncompressed")
      out.compression = oci::Compression::None, out.level.reset();
    else
      throw Error(fmt::format("\"{}\" is no compression", *form), "--cache-to compression",
                  "write uncompressed, gzip or zstd");
  }
  if (const std::string* level = value_of(spec, "compression-level")) {
    const auto number = parse_u64(*level);
    if (!number || *number > 22)
      throw Error(fmt::format("\"{}\" is no compression level", *level),
                  "--cache-to compression-level");
    if (out.compression != oci::Compression::None) {
      out.level = static_cast<int>(*number);
      compress::check_level(out.compression == oci::Compression::Gzip ? compress::Format::Gzip
                                                                      : compress::Format::Zstd,
                            *out.level);
    }
  }
  if (spec.type == "local") needed(spec, "dest", true);
  if (spec.type == "registry") registry::parse_reference(needed(spec, "ref", true));
  return out;
}

std::vector<std::string> read_import(const Spec& spec) {
  check_keys(spec, false);
  if (spec.type == "inline")
    throw Error("inline caches are in images", "--cache-from", "write type=registry,ref=IMAGE");
  if (spec.type == "local") needed(spec, "src", false);
  if (spec.type == "registry") registry::parse_reference(needed(spec, "ref", false));
  return mounts_in(spec);
}

std::string repository_of(const Spec& spec) {
  if (spec.type != "registry") return {};
  const registry::Reference ref = registry::parse_reference(needed(spec, "ref", false));
  return ref.host + "/" + ref.repository;
}

std::unique_ptr<Backend> open(const Spec& spec, bool is_export, const Tools& tools,
                              std::string& why) {
  if (spec.type == "local") {
    const std::string* tag = value_of(spec, "tag");
    return open_local(os::absolute_path(needed(spec, is_export ? "dest" : "src", is_export)),
                      tag ? *tag : "latest");
  }
  if (spec.type == "registry") {
    const auto ref = registry::parse_reference(needed(spec, "ref", is_export));
    std::shared_ptr<registry::Client> own;
    if (flag_in(spec, "registry.insecure", false, is_export)) {
      registry::ClientOptions options;
      options.insecure_hosts.push_back(ref.host);
      own = std::make_shared<registry::Client>(options);
    } else {
      own = std::shared_ptr<registry::Client>(&tools.client, [](registry::Client*) {});
    }
    return open_registry(std::move(own), ref, tools.scratch, tools.has_lost);
  }
  if (spec.type == "s3") return open_s3(spec.attrs, flag_of(is_export), tools);
  if (spec.type == "gha") return open_gha(spec.attrs, flag_of(is_export), tools, why);
  CHECK(false);
}

}  // namespace slipway::remote_cache

#include "build/output_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "registry/reference.h"

namespace slipway::build {
namespace {

constexpr const char* kFlag = "--output";

const std::vector<std::string>& keys_of(const std::string& type) {
  static const std::vector<std::string> kImage = {"name",
                                                  "oci-mediatypes",
                                                  "oci-artifact",
                                                  "attestation-inline",
                                                  "prefer-nondist-layers",
                                                  "source-date-epoch",
                                                  "rewrite-timestamp",
                                                  "compression",
                                                  "compression-level",
                                                  "force-compression",
                                                  "buildinfo",
                                                  "buildinfo-attrs"};
  const auto with = [](std::vector<std::string> more) {
    more.insert(more.end(), kImage.begin(), kImage.end());
    return more;
  };
  static const std::map<std::string, std::vector<std::string>> kKeys = {
      {"local", {"platform-split", "attestation-prefix", "mode", "source-date-epoch"}},
      {"tar", {"platform-split", "attestation-prefix", "source-date-epoch"}},
      {"oci", with({"tar"})},
      {"docker", with({"tar", "context"})},
      {"image", with({"push", "push-by-digest", "registry.insecure", "unpack", "store",
                      "dangling-name-prefix", "danging-name-empty-only", "name-canonical"})},
      {"registry", with({"push", "push-by-digest", "registry.insecure", "unpack", "store",
                         "dangling-name-prefix", "danging-name-empty-only", "name-canonical"})},
      {"cacheonly", {}}};
  const auto it = kKeys.find(type);
  if (it == kKeys.end()) {
    std::vector<std::string> types;
    for (const auto& [name, keys] : kKeys) types.push_back(name);
    throw Error(fmt::format("unknown output type \"{}\"", type), kFlag,
                "the types are: " + join(types, ", "));
  }
  return it->second;
}

/// "annotation-index.KEY", "annotation-manifest[linux/arm64].KEY", "annotation.KEY"; nullopt for
/// other keys.
std::optional<AnnotationSpec> annotation_key(const std::string& key, const std::string& value) {
  if (!key.starts_with("annotation")) return std::nullopt;
  AnnotationSpec out{.level = {}, .platform = {}, .key = {}, .value = value};
  const size_t dot = key.find('.');
  if (dot == key.npos || dot + 1 == key.size()) return std::nullopt;
  std::string level = key.substr(10, dot - 10);
  if (const size_t bracket = level.find('['); bracket != level.npos) {
    if (!level.ends_with(']'))
      throw Error(fmt::format("\"{}\" has no closing bracket", key), kFlag);
    out.platform = oci::parse_platform(level.substr(bracket + 1, level.size() - bracket - 2));
    level.resize(bracket);
  }
  if (!level.empty() && level[0] != '-') return std::nullopt;
  out.level = level.empty() ? "" : level.substr(1);
  static const std::vector<std::string> kLevels = {"", "manifest", "manifest-descriptor", "index",
                                                   "index-descriptor"};
  if (std::ranges::find(kLevels, out.level) == kLevels.end())
    throw Error(fmt::format("unknown annotation level \"{}\"", out.level), kFlag,
                "the levels are manifest, manifest-descriptor, index and index-descriptor");
  out.key = key.substr(dot + 1);
  return out;
}

class Reader {
 public:
  explicit Reader(const OutputSpec& output) : attrs_(output.attrs) {}

  bool flag(const char* key, bool fallback) const {
    const auto it = attrs_.find(key);
    if (it == attrs_.end()) return fallback;
    const std::string value = to_lower(it->second);
    for (const char* yes : {"true", "1", "t", ""})
      if (value == yes) return true;
    for (const char* no : {"false", "0", "f"})
      if (value == no) return false;
    throw Error(fmt::format("output attribute {}={} is neither true nor false", key, it->second),
                kFlag);
  }
  std::optional<bool> optional_flag(const char* key) const {
    return attrs_.contains(key) ? std::optional(flag(key, true)) : std::nullopt;
  }
  std::string text(const char* key) const {
    const auto it = attrs_.find(key);
    return it == attrs_.end() ? "" : it->second;
  }

 private:
  const std::map<std::string, std::string>& attrs_;
};

LayerForm form_of(const Reader& read) {
  LayerForm form;
  const std::string compression = read.text("compression");
  if (compression == "zstd")
    form.compression = oci::Compression::Zstd;
  else if (compression == "uncompressed")
    form.compression = oci::Compression::None;
  else if (compression == "estargz")
    throw Error("layers in eStargz form are not made", "--output compression=estargz",
                "use compression=zstd or gzip; lazy pulling needs a converter such as nerdctl "
                "image convert --estargz");
  else if (!compression.empty() && compression != "gzip")
    throw Error(fmt::format("compression={} is not known", compression), kFlag,
                "use gzip, zstd or uncompressed");
  if (const std::string text = read.text("compression-level"); !text.empty()) {
    const auto level = parse_u64(text);
    const uint64_t most = form.compression == oci::Compression::Zstd ? 22 : 9;
    if (!level || *level > most)
      throw Error(fmt::format("compression-level={} is not between 0 and {}", text, most), kFlag);
    // zstd has no level 0: it means the default.
    if (*level > 0 || form.compression != oci::Compression::Zstd)
      form.level = static_cast<int>(*level);
  }
  form.force = read.flag("force-compression", false);
  return form;
}

void check_keys(const OutputSpec& output) {
  const auto& keys = keys_of(output.type);
  const bool is_image =
      output.type != "local" && output.type != "tar" && output.type != "cacheonly";
  for (const auto& [key, value] : output.attrs) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    if (is_image && annotation_key(key, value)) continue;
    const auto near = closest(key, keys);
    throw Error(fmt::format("an output of type {} has no key \"{}\"", output.type, key), kFlag,
                near           ? fmt::format("did you mean {}?", *near)
                : keys.empty() ? "leave it out"
                               : "its keys are: " + join(keys, ", "));
  }
}

}  // namespace

bool is_multi_platform(const BuildRequest& request) {
  const bool has_several = request.platforms.size() > 1;
  const auto it = request.build_args.find("BUILDKIT_MULTI_PLATFORM");
  if (it == request.build_args.end() || it->second.empty()) return has_several;
  const std::string value = to_lower(it->second);
  const bool is_true = value == "1" || value == "t" || value == "true";
  if (!is_true && value != "0" && value != "f" && value != "false")
    throw Error(fmt::format("BUILDKIT_MULTI_PLATFORM={} is neither true nor false", it->second), "--build-arg");
  if (!is_true && has_several)
    throw Error(fmt::format("BUILDKIT_MULTI_PLATFORM={} contradicts several platforms", it->second), "--build-arg",
                "leave one of them out");
  return is_true;
}

OutputOptions read_output(const OutputSpec& output, const BuildRequest& request, int64_t clamp_ns) {
  check_keys(output);
  const Reader read(output);
  OutputOptions out;
  out.type = output.type;
  out.dest = output.dest;

  out.form = form_of(read);
  out.form.clamp_ns = clamp_ns;
  if (const std::string text = read.text("source-date-epoch"); !text.empty()) {
    const auto seconds = parse_u64(text);
    if (!seconds || *seconds > 253402300799)
      throw Error(fmt::format("source-date-epoch={} is no time", text), kFlag,
                  "it is a number of seconds since 1970");
    out.epoch = static_cast<int64_t>(*seconds);
    out.form.clamp_ns = *out.epoch * 1'000'000'000;
  }
  read.flag("rewrite-timestamp", true);  // times in layers are always limited to the epoch

  const auto add_name = [&](const std::string& name) {
    const std::string canonical = registry::parse_reference(name).str();
    if (std::ranges::find(out.names, canonical) == out.names.end()) out.names.push_back(canonical);
  };
  for (const auto& tag : request.tags) add_name(tag);
  // As buildx has it, -t goes before name=.
  if (const std::string names = read.text("name"); out.names.empty() && !names.empty())
    for (const auto& name : split(names, ',')) add_name(std::string(trim(name)));

  const bool is_image = output.type == "image" || output.type == "registry";
  if (!out.is_files()) out.annotations = request.annotations;
  for (const auto& [key, value] : output.attrs)
    if (auto annotation = annotation_key(key, value))
      out.annotations.push_back(std::move(*annotation));
  out.docker_types = !read.flag("oci-mediatypes", true);
  out.oci_artifact =
      read.flag("oci-artifact", !out.docker_types && request.default_oci_artifact);
  if (out.docker_types && out.oci_artifact)
    throw Error("oci-artifact=true contradicts oci-mediatypes=false", kFlag,
                "leave one of them out");
  if (out.docker_types && out.form.compression == oci::Compression::Zstd)
    throw Error("compression=zstd contradicts oci-mediatypes=false", kFlag,
                "Docker's media types know gzip only");
  out.attestation_inline = read.flag("attestation-inline", is_image);
  out.keep_nondistributable = read.flag("prefer-nondist-layers", false);
  if (is_image) {
    out.push = read.flag("push", output.type == "registry");
    out.by_digest = read.flag("push-by-digest", false);
    out.insecure = read.flag("registry.insecure", false);
    out.store = read.flag("store", true) && output.type == "image";
    out.name_canonical = read.flag("name-canonical", false);
    out.dangling_prefix = read.text("dangling-name-prefix");
    out.dangling_empty_only = read.flag("danging-name-empty-only", false);
    read.flag("unpack", false);  // there is no containerd here that could run it
  }

  out.tar = read.flag("tar", true);
  out.platform_split = read.optional_flag("platform-split");
  out.attestation_prefix = read.text("attestation-prefix");
  if (const std::string mode = read.text("mode"); mode == "delete")
    out.delete_others = true;
  else if (!mode.empty() && mode != "copy")
    throw Error(fmt::format("mode={} is not known", mode), kFlag, "use copy or delete");
  return out;
}

}  // namespace slipway::build

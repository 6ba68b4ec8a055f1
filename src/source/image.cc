#include "source/image.h"

#include <fcntl.h>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "oci/media_types.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::source {
namespace {

constexpr std::string_view kLayoutScheme = "oci-layout://";
constexpr uint64_t kMaxDocument = 32u << 20;  // bytes; registries limit manifests to 4 MiB

/// "dir[:tag|@digest]" -> its parts; a tag has no slash.
struct LayoutName {
  std::string dir, tag;
  std::optional<oci::Digest> digest;
};

LayoutName parse_layout(std::string_view text) {
  LayoutName out;
  if (const size_t at = text.rfind('@'); at != text.npos && oci::Digest::parse(text.substr(at + 1))) {
    out.digest = oci::Digest::parse(text.substr(at + 1));
    text = text.substr(0, at);
  }
  if (const size_t colon = text.rfind(':'); colon != text.npos && text.find('/', colon) == text.npos) {
    out.tag = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  out.dir = os::absolute_path(std::string(text));
  return out;
}

oci::Descriptor find_in_layout(const LayoutName& name) {
  const std::string path = name.dir + "/index.json";
  const oci::Index index = oci::parse_index(os::read_file(path), path);
  std::string tags;
  for (const auto& entry : index.manifests) {
    const auto it = entry.annotations.find("org.opencontainers.image.ref.name");
    const std::string tag = it == entry.annotations.end() ? "" : it->second;
    if (name.digest ? entry.digest == *name.digest
                    : tag == name.tag || (name.tag.empty() && tag == "latest") ||
                          (index.manifests.size() == 1 && (tag.empty() || name.tag.empty())))
      return entry;
    tags += " " + (tag.empty() ? entry.digest.str() : tag);
  }
  throw Error(fmt::format("the OCI layout has no image \"{}\"", name.digest ? name.digest->str() : name.tag), name.dir,
              fmt::format("it has:{}", tags.empty() ? " nothing" : tags));
}

std::string platforms_of(const oci::Index& index) {
  std::string out;
  for (const auto& entry : index.manifests) {
    if (oci::is_attestation(entry) || !entry.platform) continue;
    out += (out.empty() ? "" : ", ") + entry.platform->str();
  }
  return out.empty() ? "none" : out;
}

}  // namespace

FoundImage Images::find(const std::string& name, const oci::Platform& platform, bool pull, std::stop_token stop,
                        const std::function<void(const std::string&)>& warn) {
  FoundImage found;
  if (name.starts_with(kLayoutScheme)) {
    const LayoutName layout = parse_layout(std::string_view(name).substr(kLayoutScheme.size()));
    found.origin = "layout:" + layout.dir;
    found.top = find_in_layout(layout);
    found.reference = name;
    return select(std::move(found), platform, name, stop);
  }
  const registry::Reference ref = registry::parse_reference(name);
  found.origin = "registry:" + ref.host + "/" + ref.repository;
  if (!pull && ref.digest.empty()) {
    for (const auto& image : store_.images()) {
      if (image.name != ref.str() || !store_.has_blob(image.descriptor.digest)) continue;
      found.top = image.descriptor;
      found.reference = ref.str() + "@" + image.descriptor.digest.str();
      return select(std::move(found), platform, name, stop);
    }
  }
  const std::string memory = "reference " + ref.str();
  if (!ref.digest.empty() && store_.has_blob(ref.digest)) {
    found.top.digest = ref.digest;
  } else {
    bool is_missing = false;
    try {
      const auto top = client_.resolve(ref, stop);
      is_missing = !top;
      if (!top)
        throw Error(fmt::format("image {} was not found in its registry", ref.familiar()), {},
                    "check the name and the tag; a private image may need `docker login` first");
      found.top = *top;
      store_.put_record(memory, found.top.digest.str() + " " + found.top.media_type, {{"kind", "reference"}});
    } catch (const Error& e) {
      const auto known = is_missing ? std::nullopt : store_.find_record(memory);
      if (!known) throw;
      const auto parts = split(known->value, ' ');
      const auto digest = oci::Digest::parse(parts[0]);
      if (!digest || !store_.has_blob(*digest)) throw;
      found.top.digest = *digest;
      warn(fmt::format("{}: using {} as it was when last seen ({})", e.message(), ref.familiar(), digest->str()));
    }
  }
  found.reference = ref.str();
  if (ref.digest.empty()) found.reference += "@" + found.top.digest.str();
  return select(std::move(found), platform, name, stop);
}

FoundImage Images::select(FoundImage found, const oci::Platform& platform, const std::string& name, std::stop_token stop) {
  const std::string bytes = document(found.origin, found.top, stop);
  // The bytes say what they are more reliably than a content type header does.
  const bool is_index = bytes.find("\"manifests\"") != bytes.npos && bytes.find("\"config\"") == bytes.npos;
  found.manifest_descriptor = found.top;
  std::string manifest_bytes;
  if (is_index) {
    const oci::Index index = oci::parse_index(bytes, found.reference);
    const auto entry = oci::select_platform(index, platform);
    if (!entry)
      throw Error(fmt::format("image {} has no {} variant", name, platform.str()), {},
                  fmt::format("it has: {}", platforms_of(index)));
    found.manifest_descriptor = *entry;
    manifest_bytes = document(found.origin, *entry, stop);
  } else {
    manifest_bytes = bytes;
  }
  found.manifest = oci::parse_manifest(manifest_bytes, found.reference);
  if (found.manifest.config.media_type != oci::kConfig && found.manifest.config.media_type != oci::kDockerConfig)
    throw Error(fmt::format("{} is not an image: its config is of type {}", name, found.manifest.config.media_type));
  found.config = image::parse_config(document(found.origin, found.manifest.config, stop), found.reference);
  if (found.config.diff_ids.size() != found.manifest.layers.size())
    throw Error(fmt::format("image {} is damaged: {} layers, but its config lists {}", name, found.manifest.layers.size(),
                            found.config.diff_ids.size()));
  return found;
}

std::string Images::document(const std::string& origin, const oci::Descriptor& descriptor, std::stop_token stop) {
  if (store_.has_blob(descriptor.digest)) return store_.read_blob(descriptor.digest);
  if (descriptor.size > kMaxDocument)
    throw Error(fmt::format("document {} of {} bytes is too large to be true", descriptor.digest.str(), descriptor.size));
  if (origin.starts_with("registry:") && descriptor.media_type != oci::kConfig && descriptor.media_type != oci::kDockerConfig) {
    registry::Reference ref = registry::parse_reference(origin.substr(9));
    ref.tag.clear();
    ref.digest = descriptor.digest;
    const auto document = client_.fetch_manifest(ref, stop);
    if (!document) throw Error(fmt::format("the registry does not have {}", ref.str()));
    store_.put_blob(document->bytes);
    return document->bytes;
  }
  fetch_blob(origin, descriptor, {}, stop);
  return store_.read_blob(descriptor.digest);
}

void Images::fetch_blob(const std::string& origin, const oci::Descriptor& blob, const registry::Progress& progress,
                        std::stop_token stop) {
  if (store_.has_blob(blob.digest)) return;
  const store::Lock lock = store_.lock_key("blob " + blob.digest.str(), stop);
  if (store_.has_blob(blob.digest)) return;
  const auto writer = store_.new_blob();
  if (origin.starts_with("layout:")) {
    const std::string path = origin.substr(7) + "/blobs/sha256/" + blob.digest.hex();
    const os::UniqueFd fd = os::open_file(path, O_RDONLY);
    hash::Sha256 hasher;
    std::vector<uint8_t> buffer(256 * 1024);
    uint64_t done = 0;
    while (const size_t n = os::read_some(fd.get(), buffer)) {
      if (stop.stop_requested()) throw Cancelled();
      const std::span<const uint8_t> bytes(buffer.data(), n);
      hasher.update(bytes);
      writer->write(bytes);
      done += n;
      if (progress) progress(done, blob.size);
    }
    if (oci::Digest::from_sum(hasher.finish()) != blob.digest)
      throw Error("the blob does not have the content that its digest promises", path, "the layout is damaged: fetch it again");
  } else {
    const registry::Reference repo = registry::parse_reference(origin.substr(9));
    client_.fetch_blob(repo, blob, [&](std::span<const uint8_t> bytes) { writer->write(bytes); }, progress, stop);
  }
  writer->commit(blob.digest);
}

}  // namespace slipway::source

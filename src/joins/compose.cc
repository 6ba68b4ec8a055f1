#include "joins/compose.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"
#include "oci/media_types.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::joins {
namespace {

using registry::Reference;

Reference at_digest(const Reference& repository, const oci::Digest& digest) {
  Reference out = repository;
  out.tag.clear();
  out.digest = digest;
  return out;
}

registry::Document fetch_or_throw(registry::Client& client, const Reference& ref,
                                  std::stop_token stop) {
  if (auto document = client.fetch_manifest(ref, stop)) return std::move(*document);
  throw Error(fmt::format("{} is not there", ref.familiar()), {},
              "check the name; `slipway index inspect` shows what a tag has");
}

/// Which platform the image's config says it is for.
oci::Platform platform_of(registry::Client& client, const Reference& repository,
                          const std::string& manifest, std::stop_token stop) {
  const oci::Descriptor config = oci::parse_manifest(manifest, repository.familiar()).config;
  std::string bytes;
  client.fetch_blob(
      repository, config,
      [&](std::span<const uint8_t> piece) {
        bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
      },
      {}, stop);
  const json::Value root = json::parse(bytes, config.digest.str());
  return oci::normalize({.os = json::string_or(root, "os"),
                         .arch = json::string_or(root, "architecture"),
                         .variant = json::string_or(root, "variant"),
                         .os_version = json::string_or(root, "os.version")});
}

/// One source, found.
struct Found {
  Reference ref;
  Entry entry;
  std::string bytes;
  bool is_index() const { return oci::is_index(entry.descriptor.media_type); }
};

Found find(registry::Client& client, const Source& source, const std::optional<Reference>& home,
           std::stop_token stop) {
  if (!source.ref && !home)
    throw Error("a digest alone does not tell which repository has it", "SOURCE",
                "write repository@digest, or sources and --tag of one repository");
  Reference ref = source.ref ? *source.ref : *home;
  if (source.descriptor) ref = at_digest(ref, source.descriptor->descriptor.digest);
  const registry::Document document = fetch_or_throw(client, ref, stop);
  oci::Descriptor plain;
  plain.media_type = document.media_type;
  plain.digest = document.digest;
  plain.size = document.bytes.size();
  Found out{ref, source.descriptor ? *source.descriptor : entry_of(plain), document.bytes};
  if (out.entry.descriptor.size != plain.size || out.entry.descriptor.media_type.empty())
    throw Error(fmt::format("the descriptor of {} does not fit: it is a {} of {} bytes",
                            plain.digest.str(), plain.media_type, plain.size),
                "--file", "set its mediaType and size to these");
  if (!out.is_index() && !out.entry.descriptor.platform && !oci::is_attestation(out.entry.descriptor))
    out.entry = with_platform(out.entry, platform_of(client, ref, out.bytes, stop));
  return out;
}

/// The entries of the new index: each manifest once, at its first place, with what later ones say.
class Parts {
 public:
  void add(const Entry& entry, const Reference& from) {
    const auto same = std::ranges::find_if(parts_, [&](const auto& part) {
      return part.first.descriptor.digest == entry.descriptor.digest;
    });
    if (same == parts_.end()) {
      parts_.emplace_back(entry, from);
      return;
    }
    oci::Annotations notes = same->first.descriptor.annotations;
    for (const auto& [key, value] : entry.descriptor.annotations) notes[key] = value;
    if (entry.descriptor.platform)
      same->first = with_platform(same->first, *entry.descriptor.platform);
    if (!notes.empty()) same->first = with_annotations(same->first, notes);
  }

  void keep_only(const std::vector<oci::Platform>& platforms) {
    if (platforms.empty()) return;
    std::set<std::string> kept;
    for (const auto& [entry, from] : parts_)
      if (entry.descriptor.platform && std::ranges::find(platforms, *entry.descriptor.platform) != platforms.end())
        kept.insert(entry.descriptor.digest.str());
    std::erase_if(parts_, [&](const auto& part) {
      const oci::Descriptor& descriptor = part.first.descriptor;
      return !kept.contains(descriptor.digest.str()) && !kept.contains(subject_of(descriptor));
    });
    for (const auto& platform : platforms)
      if (std::ranges::none_of(parts_, [&](const auto& part) {
            return part.first.descriptor.platform == platform;
          }))
        throw Error(fmt::format("no source has an image for {}", platform.str()), "--platform");
  }

  void annotate(const Note& note) {
    bool is_used = false;
    for (auto& [entry, from] : parts_) {
      const bool is_image = !oci::is_attestation(entry.descriptor);
      if (note.platform ? entry.descriptor.platform != note.platform : !is_image) continue;
      oci::Annotations notes = entry.descriptor.annotations;
      notes[note.key] = note.value;
      entry = with_annotations(entry, notes);
      is_used = true;
    }
    if (!is_used)
      throw Error(fmt::format("the annotation {} is for a platform that no source has", note.key),
                  "--annotation");
  }

  std::vector<std::pair<Entry, Reference>> take() { return std::move(parts_); }

 private:
  std::vector<std::pair<Entry, Reference>> parts_;
};

/// Moves one blob into the repository of `to`.
void copy_blob(registry::Client& client, const oci::Descriptor& blob, const Reference& from,
               const Reference& to, std::stop_token stop) {
  if (from.host == to.host) {
    if (client.mount_blob(to, blob.digest, from.repository, stop)) return;
  } else if (client.has_blob(to, blob.digest, stop)) {
    return;
  }
  const char* tmp = std::getenv("TMPDIR");
  const os::TempDir dir(tmp && *tmp ? tmp : "/tmp", "slipway-copy-");
  const std::string path = dir.path() + "/blob";
  {
    const os::UniqueFd file = os::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    client.fetch_blob(
        from, blob, [&](std::span<const uint8_t> bytes) { os::write_all(file.get(), bytes); }, {},
        stop);
  }
  client.push_blob(to, blob, path, {}, {}, stop);
}

/// Moves a manifest with its blobs, or an index with its manifests.
void copy_document(registry::Client& client, const Entry& entry, const Reference& from,
                   const Reference& to, std::stop_token stop) {
  const Reference source = at_digest(from, entry.descriptor.digest);
  const Reference target = at_digest(to, entry.descriptor.digest);
  const registry::Document document = fetch_or_throw(client, source, stop);
  if (oci::is_index(document.media_type)) {
    for (const auto& part : entries_of(document.bytes, source.familiar()))
      copy_document(client, part, from, to, stop);
  } else {
    const oci::Manifest manifest = oci::parse_manifest(document.bytes, source.familiar());
    copy_blob(client, manifest.config, from, to, stop);
    for (const auto& layer : manifest.layers) copy_blob(client, layer, from, to, stop);
  }
  client.push_manifest(target, document.media_type, document.bytes, stop);
}

}  // namespace

Source parse_source(std::string_view text) {
  const std::string_view word = trim(text);
  if (word.starts_with('{')) {
    const json::Value value = json::parse(word, "SOURCE");
    return {{}, Entry{oci::descriptor_from_json(value, "SOURCE"), json::dump(value)}};
  }
  if (const auto digest = oci::Digest::parse(word)) {
    // Media type and size are known when it is found.
    oci::Descriptor only;
    only.digest = *digest;
    return {{}, Entry{only, {}}};
  }
  return {registry::parse_reference(word), {}};
}

Composed compose(registry::Client& client, std::vector<Source> sources,
                 const std::optional<Reference>& home, const ComposeOptions& options,
                 std::stop_token stop) {
  std::vector<Found> found;
  for (auto& source : sources) {
    if (source.descriptor && source.descriptor->text.empty()) {
      if (!home)
        throw Error("a digest alone does not tell which repository has it", "SOURCE",
                    "write repository@digest");
      source.ref = at_digest(*home, source.descriptor->descriptor.digest);
      source.descriptor.reset();
    }
    found.push_back(find(client, source, home, stop));
  }
  CHECK(!found.empty());
  Composed out;
  const bool is_plain = options.notes.empty() && options.platforms.empty();
  if (found.size() == 1 && is_plain && (found[0].is_index() || !options.prefer_index)) {
    out.media_type = found[0].entry.descriptor.media_type;
    out.bytes = found[0].bytes;
    if (found[0].is_index())
      for (const auto& entry : entries_of(out.bytes, found[0].ref.familiar()))
        out.parts.emplace_back(entry, found[0].ref);
    else
      out.parts.emplace_back(found[0].entry, found[0].ref);
    return out;
  }
  Parts parts;
  oci::Annotations annotations;
  bool has_docker_only = true;
  for (const auto& each : found) {
    if (!each.is_index()) {
      parts.add(each.entry, each.ref);
      continue;
    }
    for (const auto& entry : entries_of(each.bytes, each.ref.familiar())) parts.add(entry, each.ref);
    for (const auto& [key, value] : oci::parse_index(each.bytes, each.ref.familiar()).annotations)
      annotations[key] = value;
  }
  parts.keep_only(options.platforms);
  for (const auto& note : options.notes) {
    if (note.is_of_index)
      annotations[note.key] = note.value;
    else
      parts.annotate(note);
  }
  out.parts = parts.take();
  std::vector<Entry> entries;
  for (const auto& [entry, from] : out.parts) {
    entries.push_back(entry);
    has_docker_only = has_docker_only && entry.descriptor.media_type == oci::kDockerManifest &&
                      entry.descriptor.annotations.empty();
  }
  // Docker's list knows no annotations and no OCI manifests.
  out.media_type = has_docker_only && annotations.empty() ? oci::kDockerIndex : oci::kIndex;
  out.bytes = print_index(out.media_type, entries, annotations);
  return out;
}

void publish(registry::Client& client, const Composed& composed, const Reference& to,
             const std::function<void(const std::string&)>& say, std::stop_token stop) {
  for (const auto& [entry, from] : composed.parts) {
    if (from.host == to.host && from.repository == to.repository) continue;
    const oci::Digest& digest = entry.descriptor.digest;
    say(fmt::format("copying {} from {}/{}", digest.str(), from.host, from.repository));
    copy_document(client, entry, from, to, stop);
  }
  client.push_manifest(to, composed.media_type, composed.bytes, stop);
}

}  // namespace slipway::joins

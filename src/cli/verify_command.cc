// `slipway verify`: an image from the store, a registry, a layout or an archive -> the checks -> what they found.
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/build_request.h"
#include "cli/handlers.h"
#include "cli/signals.h"
#include "cli/store_access.h"
#include "oci/platform.h"
#include "os/fs.h"
#include "registry/client.h"
#include "registry/reference.h"
#include "source/image.h"
#include "store/store.h"
#include "verify/nodes.h"
#include "verify/open.h"
#include "verify/report.h"
#include "verify/verify.h"

namespace slipway::cli {
namespace {

using verify::Opened;
using Platform = std::optional<oci::Platform>;

/// "prefix" taken off the front of `text`.
std::optional<std::string> after(const std::string& text, std::string_view prefix) {
  return text.starts_with(prefix) ? std::optional(text.substr(prefix.size())) : std::nullopt;
}

/// "dir[:tag|@digest]"
Opened open_named_layout(const std::string& text, const Platform& platform, std::stop_token stop) {
  if (os::is_directory(text)) return verify::open_layout(text, "", platform, std::move(stop));
  size_t cut = text.rfind('@');
  if (cut == text.npos) cut = text.rfind(':');
  if (cut == text.npos || text.find('/', cut) != text.npos) throw Error("there is no such directory", text);
  return verify::open_layout(text.substr(0, cut), text.substr(cut + 1), platform, std::move(stop));
}

/// An image of the store by its name; else what its registry has, whose blobs are kept in the store as a build's are.
Opened open_name(const std::string& name, const std::string& root, const Platform& platform, std::stop_token stop) {
  const registry::Reference reference = registry::parse_reference(name);
  store::Store store(root);
  for (const auto& image : store.images()) {
    if (image.name != reference.str() || !store.has_blob(image.descriptor.digest)) continue;
    return verify::open_image(image.descriptor,
                              {.document = [&](const oci::Descriptor& blob) { return store.read_blob(blob.digest); },
                               .file = [&](const oci::Descriptor& blob) { return store.blob_path(blob.digest); }},
                              platform, std::move(stop));
  }
  registry::ClientOptions options;
  registry::Client client(options);
  source::Images images(store, client);
  const auto top = client.resolve(reference, stop);
  if (!top)
    throw Error(fmt::format("image {} is neither in the store nor in its registry", reference.familiar()), {},
                "`slipway images` lists those of the store; for a layout write oci:DIR");
  const std::string origin = "registry:" + reference.host + "/" + reference.repository;
  const auto fetch = [&](const oci::Descriptor& blob) { images.fetch_blob(origin, blob, {}, stop); };
  const auto document = [&](const oci::Descriptor& blob) {
    if (!store.has_blob(blob.digest)) {
      registry::Reference pinned = reference;
      pinned.tag.clear();
      pinned.digest = blob.digest;
      // Configs are blobs, the rest has an address of its own in registries.
      if (blob.media_type.contains("config") || blob.media_type.contains("container.image")) {
        fetch(blob);
      } else if (const auto found = client.fetch_manifest(pinned, stop)) {
        store.put_blob(found->bytes);
      } else {
        throw Error(fmt::format("the registry does not have {}", pinned.str()));
      }
    }
    return store.read_blob(blob.digest);
  };
  const auto file = [&](const oci::Descriptor& blob) {
    fetch(blob);
    return store.blob_path(blob.digest);
  };
  return verify::open_image(*top, {.document = document, .file = file}, platform, stop);
}

Opened open(const std::string& text, const ParsedArgs& args, const Io& io, const Platform& platform, std::stop_token stop) {
  for (const char* scheme : {"oci-layout://", "oci:"})
    if (const auto rest = after(text, scheme)) return open_named_layout(*rest, platform, std::move(stop));
  const auto archive = [&](const std::string& file) {
    return verify::open_archive(file, io.environment("TMPDIR").value_or("/tmp"), platform, stop);
  };
  for (const char* scheme : {"oci-archive:", "docker-archive:"})
    if (const auto rest = after(text, scheme)) return archive(*rest);
  if (os::exists(text + "/index.json")) return verify::open_layout(text, "", platform, std::move(stop));
  if (os::exists(text) && !os::is_directory(text)) return archive(text);
  return open_name(text, store_root(args, io, ::geteuid() == 0), platform, std::move(stop));
}

}  // namespace

int verify_command(const ParsedArgs& args, const Io& io) {
  const std::string format = format_of(args, {"text", "json"});
  const build::Verify mode = verify_mode(args, io.environment);
  const std::string name = args.arguments.at(0);
  Platform platform;
  if (const auto text = args.value("platform"); text && !text->empty()) {
    try {
      platform = oci::parse_platform(*text);
    } catch (Error& e) {
      throw e.at("--platform");
    }
  }
  std::vector<verify::Node> nodes;
  if (const auto file = args.value("nodes")) nodes = verify::parse_nodes(os::read_file(*file), *file);
  if (mode == build::Verify::Off) return 0;

  Signals signals;
  Opened opened;
  try {
    opened = open(name, args, io, platform, signals.token());
  } catch (const Cancelled&) {
    io.err("slipway: stopped\n");
    return 128 + Signals::received();
  }
  std::vector<verify::Finding> findings = verify::verify(opened.images, {.allow = args.list("allow")});
  std::vector<oci::Platform> platforms;
  for (const auto& image : opened.images) platforms.push_back(image.platform);
  if (!nodes.empty()) {
    const auto more = verify::check_nodes(nodes, platforms, opened.is_index, findings);
    findings.insert(findings.end(), more.begin(), more.end());
  }
  io.out(format == "json" ? verify::json_report(name, platforms, findings) : verify::text_report(platforms, findings));
  return mode == build::Verify::Error && verify::count(findings).errors > 0 ? 1 : 0;
}

}  // namespace slipway::cli

// What the tests of joins/ share: small images that a registry believes, fragments of them, clients
// that read no file of the machine.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "joins/fragment.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "registry/client.h"

namespace slipway::joins {

inline oci::Platform platform(const char* text) { return oci::parse_platform(text); }

class JoinFixture : public ::testing::Test {
 protected:
  JoinFixture() : dir_(::testing::TempDir(), "slipway-join-") {}

  registry::ClientOptions options() const {
    const std::string& dir = dir_.path();
    return {.docker_config = dir,
            .registries_conf = {dir + "/registries.conf"},
            .certs_d = {dir + "/certs.d"},
            .daemon_json = {dir + "/daemon.json"},
            .backoff_ms = 1};
  }
  const std::string& dir() const { return dir_.path(); }

  /// Pushes blobs and manifest of an image that is the same whoever makes it; `round` makes another.
  oci::Descriptor push_image(registry::Client& client, const registry::Reference& to,
                             const oci::Platform& platform, int round = 0) {
    const oci::Descriptor config = push_text(
        client, to, std::string(oci::kConfig),
        "{\"architecture\":\"" + platform.arch + "\",\"os\":\"linux\",\"variant\":\"" +
            platform.variant + "\",\"round\":" + std::to_string(round) + "}");
    const oci::Descriptor layer = push_text(client, to, std::string(oci::kLayerTar),
                                            "layer of " + platform.str() + std::to_string(round));
    const std::string manifest = oci::print(oci::Manifest{.media_type = std::string(oci::kManifest),
                                                          .artifact_type = {},
                                                          .config = config,
                                                          .layers = {layer},
                                                          .subject = {},
                                                          .annotations = {}});
    oci::Descriptor out = push_document(client, to, std::string(oci::kManifest), manifest);
    out.platform = platform;
    return out;
  }
  /// An attestation of `image`, as builders write them.
  oci::Descriptor push_attestation(registry::Client& client, const registry::Reference& to,
                                   const oci::Descriptor& image) {
    const oci::Descriptor config =
        push_text(client, to, std::string(oci::kConfig), "{\"about\":\"" + image.digest.str() + "\"}");
    const std::string manifest = oci::print(oci::Manifest{.media_type = std::string(oci::kManifest),
                                                          .artifact_type = {},
                                                          .config = config,
                                                          .layers = {},
                                                          .subject = {},
                                                          .annotations = {}});
    oci::Descriptor out = push_document(client, to, std::string(oci::kManifest), manifest);
    out.platform = oci::Platform{.os = "unknown", .arch = "unknown", .variant = {}, .os_version = {}};
    out.annotations = {{"vnd.docker.reference.digest", image.digest.str()},
                       {"vnd.docker.reference.type", "attestation-manifest"}};
    return out;
  }
  static std::string index_of(const std::vector<oci::Descriptor>& entries,
                              const oci::Annotations& annotations = {}) {
    return oci::print(oci::Index{.media_type = std::string(oci::kIndex),
                                 .artifact_type = {},
                                 .manifests = entries,
                                 .subject = {},
                                 .annotations = annotations});
  }

  /// The whole text of the Error that `function` throws.
  template <typename Function>
  static std::string error_text(Function function) {
    try {
      function();
    } catch (const Error& error) {
      return error.render();
    }
    return "no error";
  }

 private:
  oci::Descriptor push_text(registry::Client& client, const registry::Reference& to,
                            std::string media_type, const std::string& text) {
    oci::Descriptor out;
    out.media_type = std::move(media_type);
    out.digest = oci::Digest::of(text);
    out.size = text.size();
    const std::string path = dir() + "/" + out.digest.hex();
    os::write_file_atomic(path, text);
    client.push_blob(to, out, path, {});
    return out;
  }
  static oci::Descriptor push_document(registry::Client& client, registry::Reference to,
                                       std::string media_type, const std::string& text) {
    oci::Descriptor out;
    out.media_type = std::move(media_type);
    out.digest = oci::Digest::of(text);
    out.size = text.size();
    to.tag.clear();
    to.digest = out.digest;
    client.push_manifest(to, out.media_type, text);
    return out;
  }

  os::TempDir dir_;
};

}  // namespace slipway::joins

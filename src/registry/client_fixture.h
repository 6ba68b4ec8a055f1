// What the tests of Client share: options that read no file of the machine, blobs in files, small
// manifests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "oci/documents.h"
#include "oci/media_types.h"
#include "os/fs.h"
#include "registry/client.h"

namespace slipway::registry {

class ClientFixture : public ::testing::Test {
 protected:
  ClientFixture() : dir_(::testing::TempDir(), "slipway-client-") {}

  struct BlobFile {
    oci::Descriptor descriptor;
    std::string path;
  };

  /// Nothing but what the test writes below dir(): config.json, registries.conf, daemon.json,
  /// certs.d/.
  ClientOptions options() const {
    return {.docker_config = dir(),
            .registries_conf = {dir() + "/registries.conf"},
            .certs_d = {dir() + "/certs.d"},
            .daemon_json = {dir() + "/daemon.json"},
            .backoff_ms = 1};
  }
  const std::string& dir() const { return dir_.path(); }
  void write(const std::string& name, const std::string& text) const {
    os::write_file_atomic(dir() + "/" + name, text);
  }

  static std::string sample_bytes(size_t size) {
    std::string out(size, '\0');
    uint32_t state = 1;
    for (char& c : out) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return out;
  }
  static oci::Descriptor descriptor_of(const std::string& bytes) {
    return {.media_type = std::string(oci::kLayerGzip),
            .digest = oci::Digest::of(bytes),
            .size = bytes.size()};
  }
  BlobFile blob_file(const std::string& bytes) const {
    BlobFile out{descriptor_of(bytes), {}};
    out.path = dir() + "/" + out.descriptor.digest.hex();
    os::write_file_atomic(out.path, bytes);
    return out;
  }
  static std::string manifest_of(const oci::Descriptor& config, const oci::Descriptor& layer) {
    return oci::print(oci::Manifest{
        .media_type = std::string(oci::kManifest), .config = config, .layers = {layer}});
  }
  static std::string fetch(Client& client, const Reference& ref, const oci::Descriptor& blob,
                           std::stop_token stop = {}) {
    std::string out;
    client.fetch_blob(
        ref, blob,
        [&](std::span<const uint8_t> bytes) {
          out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        },
        {}, stop);
    return out;
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
  os::TempDir dir_;
};

}  // namespace slipway::registry

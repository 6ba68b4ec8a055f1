// Pull from and push to registries (OCI distribution spec v1.1, Docker Registry HTTP API V2):
// authentication, mirrors, retries with backoff, resumed transfers, cross-repository mounts. Every
// byte received is verified against its digest.
//
// A Client is made once per command and shared by all threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "oci/documents.h"
#include "registry/reference.h"

namespace slipway::registry {

/// Where the settings come from. Defaults are docker's and containers/image's own places; tests
/// point elsewhere.
struct ClientOptions {
  std::string docker_config;  // directory of config.json; default $DOCKER_CONFIG, else ~/.docker
  std::vector<std::string> registries_conf;  // default $CONTAINERS_REGISTRIES_CONF, else
                                             // ~/.config/containers/, /etc/containers/
  std::vector<std::string> certs_d;          // default ~/.config/containers/certs.d,
                                             // /etc/containers/certs.d, /etc/docker/certs.d
  std::vector<std::string>
      daemon_json;  // default /etc/docker/daemon.json, or ~/.config/docker/daemon.json as a user
  std::vector<std::string>
      insecure_hosts;  // plain HTTP or unverified TLS allowed (from registry.insecure=true)
  int max_attempts = 5;
  int backoff_ms = 250;  // doubled each time, with jitter; a Retry-After header wins
};

struct Document {
  std::string media_type;
  oci::Digest digest;
  std::string bytes;  // exactly as served
};

using Progress = std::function<void(uint64_t done, uint64_t total)>;
using Sink = std::function<void(std::span<const uint8_t>)>;

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();

  /// Manifest or index of a reference. nullopt if the registry says it is not there; Error when it
  /// cannot be asked.
  std::optional<Document> fetch_manifest(const Reference& ref, std::stop_token stop = {});
  /// The same, asked of the registry that push_manifest writes to and of no mirror: what was pushed a
  /// moment ago is seen.
  std::optional<Document> fetch_pushed(const Reference& ref, std::stop_token stop = {});
  /// Only its descriptor (HEAD; falls back to GET where a registry does not answer HEAD with a
  /// digest).
  std::optional<oci::Descriptor> resolve(const Reference& ref, std::stop_token stop = {});

  /// Streams a blob into `sink`, resuming with Range after a broken transfer and verifying size and
  /// digest before it returns. `sink` gets each byte once, in order. Throws Error naming registry
  /// and blob.
  void fetch_blob(const Reference& repo, const oci::Descriptor& blob, const Sink& sink,
                  const Progress& progress = {}, std::stop_token stop = {});

  bool has_blob(const Reference& repo, const oci::Digest& digest, std::stop_token stop = {});
  /// Uploads the file at `path` unless the registry has it; tries to mount it from `mount_from`
  /// repositories of the same registry first. Resumes a broken upload where the registry allows.
  /// `bring` is called before the file is read, and may make it. True if bytes moved.
  bool push_blob(const Reference& repo, const oci::Descriptor& blob, const std::string& path,
                 const std::vector<std::string>& mount_from, const Progress& progress = {},
                 std::stop_token stop = {}, const std::function<void()>& bring = {});
  /// Makes a blob of another repository of the same registry one of `repo`. True if `repo` has it
  /// afterwards, false where the registry cannot do that or `from` does not have it.
  bool mount_blob(const Reference& repo, const oci::Digest& digest, const std::string& from,
                  std::stop_token stop = {});
  /// Puts a manifest or index under ref's tag, or under its digest where ref has no tag.
  void push_manifest(const Reference& ref, std::string_view media_type, std::string_view bytes,
                     std::stop_token stop = {});

  /// All tags of a repository, sorted; empty if there is no such repository.
  std::vector<std::string> list_tags(const Reference& repo, std::stop_token stop = {});
  /// Removes a tag, or, where the registry can remove manifests only, the manifest that the tag
  /// names. False where it does not allow either.
  bool delete_tag(const Reference& ref, std::stop_token stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::registry

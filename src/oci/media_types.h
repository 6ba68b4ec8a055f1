// Media types of the OCI image spec and of Docker's schema 2, which registries still serve.
#pragma once

#include <string_view>

namespace slipway::oci {

inline constexpr std::string_view kIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kLayerTar = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kEmptyJson = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kInToto = "application/vnd.in-toto+json";

inline constexpr std::string_view kDockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view kDockerLayerTar = "application/vnd.docker.image.rootfs.diff.tar";
inline constexpr std::string_view kDockerLayerZstd = "application/vnd.docker.image.rootfs.diff.tar.zstd";

inline bool is_index(std::string_view type) { return type == kIndex || type == kDockerIndex; }
inline bool is_manifest(std::string_view type) { return type == kManifest || type == kDockerManifest; }

enum class Compression { None, Gzip, Zstd };

inline std::string_view layer_media_type(Compression compression, bool docker = false) {
  switch (compression) {
    case Compression::None: return docker ? kDockerLayerTar : kLayerTar;
    case Compression::Gzip: return docker ? kDockerLayerGzip : kLayerGzip;
    case Compression::Zstd: return docker ? kDockerLayerZstd : kLayerZstd;
  }
  return {};
}

/// What a layer's media type says of its compression. Foreign and encrypted layers are not known: std::nullopt-like
/// callers sniff the magic instead (compress/).
inline Compression compression_of(std::string_view type) {
  if (type.ends_with("+zstd") || type.ends_with(".zstd")) return Compression::Zstd;
  if (type.ends_with("gzip")) return Compression::Gzip;
  return Compression::None;
}

}  // namespace slipway::oci

#include "remote_cache/manifest.h"

#include <fmt/core.h>

#include "base/error.h"
#include "oci/media_types.h"

namespace slipway::remote_cache {
namespace {

constexpr uint64_t kMaxLedger = 128u << 20;  // bytes, compressed
constexpr std::string_view kBuildKitConfig = "application/vnd.buildkit.cacheconfig.v0";

}  // namespace

oci::Manifest manifest_of(const oci::Descriptor& ledger, std::vector<oci::Descriptor> blobs) {
  oci::Manifest out;
  out.media_type = oci::kManifest;
  out.config = ledger;
  out.layers = std::move(blobs);
  return out;
}

oci::Descriptor ledger_in(const oci::Manifest& manifest, std::string_view origin) {
  const oci::Descriptor& config = manifest.config;
  if (config.media_type == kLedgerType) {
    if (config.size > kMaxLedger)
      throw Error(fmt::format("a ledger of {} bytes is too large to be true", config.size),
                  std::string(origin));
    return config;
  }
  throw Error(config.media_type.starts_with(kBuildKitConfig)
                  ? "this is a cache that BuildKit wrote: its keys mean nothing to slipway"
                  : fmt::format("this is no cache: its config is of type {}", config.media_type),
              std::string(origin), "export one with --cache-to under a name of its own");
}

bool is_image(std::string_view bytes) {
  return !bytes.contains(kLedgerType) && !bytes.contains(kBuildKitConfig);
}

}  // namespace slipway::remote_cache

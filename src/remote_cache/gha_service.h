// GitHub's cache service: entries that are written once under a key. Two protocols: version 2 (JSON
// over Twirp, the bytes in Azure's blob storage) and version 1 (of GitHub Enterprise servers).
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "remote_cache/web.h"

namespace slipway::remote_cache {

/// An entry that can be read: where its bytes are, and the whole key.
struct GhaEntry {
  std::string key;
  std::string url;
};

class GhaService {
 public:
  virtual ~GhaService() = default;
  /// The entry with that key or, with `is_prefix`, the newest whose key begins so; nullopt if there
  /// is none.
  virtual std::optional<GhaEntry> find(const std::string& key, bool is_prefix,
                                       std::stop_token stop) = 0;
  /// Makes the entry from `size` bytes of the file at `path`. False if there is one already, or
  /// somebody is making it.
  virtual bool create(const std::string& key, const std::string& path, uint64_t size,
                      const Progress& progress, std::stop_token stop) = 0;
};

std::unique_ptr<GhaService> gha_service_v2(const std::string& url, const std::string& token,
                                           const Patience& patience);
std::unique_ptr<GhaService> gha_service_v1(const std::string& url, const std::string& token,
                                           const Patience& patience);

}  // namespace slipway::remote_cache

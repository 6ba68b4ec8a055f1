// Where a cache lives: a ledger that is replaced as a whole, and blobs named by their digest. One
// implementation a kind of place (local.cc, registry.cc, s3.cc, gha.cc); open.cc makes them.
//
// Thread-safe but for read() and replace(), which one thread calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "oci/documents.h"
#include "remote_cache/ledger.h"

namespace slipway::remote_cache {

using Sink = std::function<void(std::span<const uint8_t>)>;
using Progress = std::function<void(uint64_t done, uint64_t total)>;

/// A ledger as it was found, and what tells it from later ones there.
struct Head {
  Ledger ledger;
  std::string version;
};

/// What is there cannot be read, or is somebody else's cache: an export may replace it.
class DamagedCache : public Error {
 public:
  DamagedCache(const Error& why, std::string version) : Error(why), version_(std::move(version)) {}
  const std::string& version() const { return version_; }

 private:
  std::string version_;
};

class Backend {
 public:
  virtual ~Backend() = default;
  /// For people: "local cache /tmp/cache", "registry cache host/app:cache".
  virtual const std::string& name() const = 0;

  /// The ledger that is there now; nullopt if there is none. Throws Error if the place cannot be
  /// asked or holds something that an export may not replace (an image), DamagedCache, and
  /// NewerCache if a newer program wrote it.
  virtual std::optional<Head> read(std::stop_token stop) = 0;
  /// Makes `ledger` the one that is there, if that is still what it was (`version`, empty: none).
  /// False if somebody was faster: read, merge and try again. All blobs of the ledger are there.
  virtual bool replace(const Ledger& ledger, const std::string& version, std::stop_token stop) = 0;

  /// Those of a ledger's blobs that the place has lost, as far as that is known without asking for
  /// each.
  virtual std::set<oci::Digest> missing(const Ledger&) { return {}; }

  /// Streams a blob. Throws Error when it is not there or breaks off; the caller verifies size and
  /// digest.
  virtual void get(const oci::Descriptor& blob, const Sink& sink, std::stop_token stop) = 0;
  /// Makes sure that the blob is there; `bring` is called if its file at `path` has to be read, and
  /// makes it. True if bytes moved.
  virtual bool put(const oci::Descriptor& blob, const std::string& path,
                   const std::function<void()>& bring, const Progress& progress,
                   std::stop_token stop) = 0;
  /// Nothing more will be read: locks that protect readers go.
  virtual void release() {}
};

}  // namespace slipway::remote_cache

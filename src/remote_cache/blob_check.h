// Bytes on their way out of a cache, checked against the descriptor that promised them.
#pragma once

#include <fmt/core.h>

#include <span>

#include "base/error.h"
#include "hash/sha256.h"
#include "remote_cache/backend.h"

namespace slipway::remote_cache {

class BlobCheck {
 public:
  BlobCheck(const oci::Descriptor& blob, const std::string& origin)
      : blob_(blob), origin_(origin) {}

  /// Throws Error as soon as there is more than was promised.
  void take(std::span<const uint8_t> bytes) {
    if (bytes.size() > blob_.size - done_)
      throw Error(fmt::format("blob {} has more than its {} bytes", blob_.digest.str(), blob_.size),
                  origin_);
    hasher_.update(bytes);
    done_ += bytes.size();
  }
  uint64_t done() const { return done_; }
  void finish() {
    if (done_ != blob_.size)
      throw Error(
          fmt::format("blob {} ends after {} of {} bytes", blob_.digest.str(), done_, blob_.size),
          origin_);
    if (oci::Digest::from_sum(hasher_.finish()) != blob_.digest)
      throw Error(
          fmt::format("blob {} has other content than its digest promises", blob_.digest.str()),
          origin_);
  }

 private:
  const oci::Descriptor& blob_;
  const std::string& origin_;
  hash::Sha256 hasher_;
  uint64_t done_ = 0;
};

/// The whole of a small blob, verified.
inline std::string get_text(Backend& backend, const oci::Descriptor& blob, std::stop_token stop) {
  std::string out;
  BlobCheck check(blob, backend.name());
  backend.get(
      blob,
      [&](std::span<const uint8_t> bytes) {
        check.take(bytes);
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      },
      stop);
  check.finish();
  return out;
}

}  // namespace slipway::remote_cache

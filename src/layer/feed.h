// A blob as plain tar bytes, decompressed and summed up on a thread of its own a little ahead of
// whoever reads them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>

#include "layer/tar_reader.h"
#include "oci/digest.h"

namespace slipway::layer {

class Feed : public ByteStream {
 public:
  /// Reads `fd` (not owned) from its position on; memory: about 1 MiB and the decoder's.
  Feed(int fd, std::stop_token stop);
  ~Feed() override;

  /// Throws what the thread ran into (damaged data), Cancelled when stopped.
  std::span<const uint8_t> take(size_t most) override;

  /// Reads what is left and gives the digest of all plain bytes.
  oci::Digest finish();

  /// Of the blob as it is stored. May be asked at any time.
  uint64_t compressed_bytes() const { return compressed_bytes_; }

 private:
  class Thread;
  std::atomic<uint64_t> compressed_bytes_{0};
  std::unique_ptr<Thread> thread_;
};

}  // namespace slipway::layer

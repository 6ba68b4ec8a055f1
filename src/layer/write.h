// tree -> deterministic tar -> compressed blob, in one pass over the bytes: each byte is read once and feeds the tar
// stream, the diffID, block-parallel compression and the blob digest.
//
// Same tree, same options -> same blob, whatever the machine, user, locale or number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

#include "layer/watcher.h"
#include "oci/digest.h"
#include "oci/media_types.h"
#include "tree/tree.h"

namespace slipway::layer {

struct WriteOptions {
  oci::Compression compression = oci::Compression::Gzip;
  std::optional<int> level;  // gzip 0-9, zstd 1-22; the default favours BuildKit's size at several times its speed
  unsigned threads = 0;      // 0: one per core
  /// Times in the tar. Every mtime greater than `clamp_ns` becomes `clamp_ns`; with `flatten_times` all become it.
  int64_t clamp_ns = 0;
  bool flatten_times = false;
  Watcher* watcher = nullptr;  // of the tree's files, for write_layer(); called from one other thread
  std::stop_token stop;
  std::function<void(uint64_t)> progress;  // uncompressed bytes so far; called from one thread
};

struct Written {
  oci::Digest diff_id;  // of the uncompressed tar
  oci::Digest digest;   // of the blob
  uint64_t size = 0;    // of the blob, bytes
  uint64_t uncompressed_size = 0;
};

/// Where the blob's bytes go; called in order from one thread.
using Sink = std::function<void(std::span<const uint8_t>)>;

/// Writes `tree` as a layer (whiteouts as `.wh.` files, OCI image spec layer.md). Throws Error naming the file when one
/// cannot be read or changed size since it was scanned, Cancelled when stopped.
Written write_layer(const tree::Tree& tree, const WriteOptions& options, const Sink& sink);

/// A plain uncompressed tar of `tree` for `-o type=tar` (no whiteouts expected), streamed to `sink`.
void write_tar(const tree::Tree& tree, const WriteOptions& options, const Sink& sink);

/// Recompresses an existing layer blob read from `fd` (any known compression), for force-compression. Verifies nothing.
Written recompress(int fd, const WriteOptions& options, const Sink& sink);

}  // namespace slipway::layer

// Who wants to see the content of a layer's files while they pass by anyway: when a layer is written, unpacked or listed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tree/tree.h"

namespace slipway::layer {

class Watcher {
 public:
  virtual ~Watcher() = default;
  /// A regular file begins. `path` is its path in the layer, `disk_path` where its bytes lie on disk, empty if nowhere;
  /// they are complete there when end() is called. Calls come from one thread at a time, whichever it is.
  virtual void begin(const std::string& path, const tree::Entry& entry, const std::string& disk_path) = 0;
  /// The next bytes, in order. Holes of sparse files come as zero().
  virtual void bytes(std::span<const uint8_t> piece) = 0;
  virtual void zeros(uint64_t count) = 0;
  virtual void end() = 0;
};

}  // namespace slipway::layer

// The one pass over a layer's bytes: read -> sum of the plain bytes -> compression in blocks on all
// cores -> sum of the compressed bytes -> sink. What is read decides about the result, never the
// number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "layer/write.h"

namespace slipway::layer {

/// Fills all of the span unless the stream ends first.
using Produce = std::function<size_t(std::span<uint8_t>)>;

/// `produce` runs on a thread of its own (on the caller's when everything fits into one block),
/// `sink` and `options.progress` on the caller's. Whatever either throws is thrown here, after all
/// threads have ended; Cancelled soon after options.stop was requested.
Written run_pipeline(const Produce& produce, const WriteOptions& options, const Sink& sink);

}  // namespace slipway::layer

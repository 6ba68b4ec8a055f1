#include "layer/write.h"

#include <memory>
#include <vector>

#include "base/error.h"
#include "compress/decode.h"
#include "layer/pipeline.h"
#include "layer/tar_stream.h"
#include "os/fd.h"

namespace slipway::layer {
namespace {

TarTimes times_of(const WriteOptions& options) {
  return {.clamp_ns = options.clamp_ns, .flatten = options.flatten_times};
}

}  // namespace

Written write_layer(const tree::Tree& tree, const WriteOptions& options, const Sink& sink) {
  TarStream tar(tree, TarStream::Kind::Layer, times_of(options), options.watcher);
  return run_pipeline([&](std::span<uint8_t> into) { return tar.read(into); }, options, sink);
}

void write_tar(const tree::Tree& tree, const WriteOptions& options, const Sink& sink) {
  TarStream tar(tree, TarStream::Kind::Archive, times_of(options));
  std::vector<uint8_t> buffer(256 * 1024);
  uint64_t total = 0;
  while (const size_t n = tar.read(buffer)) {
    if (options.stop.stop_requested()) throw Cancelled();
    sink(std::span(buffer.data(), n));
    total += n;
    if (options.progress) options.progress(total);
  }
}

Written recompress(int fd, const WriteOptions& options, const Sink& sink) {
  const auto decoder =
      compress::make_decoder([fd](std::span<uint8_t> into) { return os::read_some(fd, into); });
  const Produce produce = [&](std::span<uint8_t> into) {
    size_t done = 0;
    while (done < into.size()) {
      const size_t n = decoder->read(into.subspan(done));
      if (n == 0) break;
      done += n;
    }
    return done;
  };
  return run_pipeline(produce, options, sink);
}

}  // namespace slipway::layer

// How fast a directory becomes a layer, and how large: `layer_bench DIR [gzip|zstd|none] [level]
// [threads]` writes DIR as a layer to nowhere and prints seconds, MB/s, ratio and peak memory.
#include <fmt/core.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "layer/diff.h"
#include "layer/write.h"

using namespace slipway;

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

long peak_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int run(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: layer_bench DIR [gzip|zstd|none] [level] [threads]\n");
    return 2;
  }
  const std::string kind = argc > 2 ? argv[2] : "gzip";
  layer::WriteOptions options;
  options.compression = kind == "zstd"   ? oci::Compression::Zstd
                        : kind == "none" ? oci::Compression::None
                                         : oci::Compression::Gzip;
  if (argc > 3 && argv[3][0] != '-') options.level = std::atoi(argv[3]);
  if (argc > 4) options.threads = static_cast<unsigned>(std::atoi(argv[4]));

  const auto scan_start = std::chrono::steady_clock::now();
  const tree::Tree tree = layer::read_upper(argv[1]);
  const double scan = seconds_since(scan_start);
  const long before = peak_kib();
  const auto start = std::chrono::steady_clock::now();
  const layer::Written written = layer::write_layer(tree, options, [](std::span<const uint8_t>) {});
  const double took = seconds_since(start);
  fmt::print(
      "{}: {} entries scanned in {:.2f} s; {} -> {} in {:.2f} s, {:.0f} MB/s, ratio {:.4f}; peak "
      "{} KiB before, {} KiB after\n",
      kind, tree.entries().size(), scan, human_size(written.uncompressed_size),
      human_size(written.size), took, static_cast<double>(written.uncompressed_size) / 1e6 / took,
      static_cast<double>(written.size) / static_cast<double>(written.uncompressed_size), before,
      peak_kib());

  // Tiny layers, as a build of many trivial steps writes them.
  tree::Entry file;
  file.path = "file";
  file.content.bytes = "a few bytes\n";
  file.size = file.content.bytes.size();
  file.mode = 0644;
  const tree::Tree tiny({file});
  const auto tiny_start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) layer::write_layer(tiny, options, [](std::span<const uint8_t>) {});
  fmt::print("tiny layers: {:.1f} us each\n", seconds_since(tiny_start) * 1e6 / 200);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.render());
    return 1;
  }
}

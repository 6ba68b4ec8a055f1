// How a block becomes a gzip member or a zstd frame.
#include "compress/encode.h"

#include <fmt/core.h>
#include <libdeflate.h>
#include <zstd.h>

#include <array>

#include "base/error.h"

namespace slipway::compress {
namespace {

constexpr size_t kSampleBytes = 32 * 1024;  // deflate sees no further than this anyway

using Deflate = std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)>;

Deflate make_deflate(int level) {
  Deflate made(libdeflate_alloc_compressor(level), &libdeflate_free_compressor);
  CHECK(made != nullptr);
  return made;
}

// True if the values in samples spread over the block occur about equally often. Whole numbers
// only: the answer decides about the blob's bytes, and no two machines may differ over the last bit
// of a logarithm.
bool looks_evenly_spread(std::span<const uint8_t> block) {
  constexpr uint64_t kPieces = 64, kPieceBytes = 256, kTotal = kPieces * kPieceBytes;
  std::array<uint64_t, 256> counts{};
  const size_t step = block.size() / kPieces;
  for (size_t piece = 0; piece < kPieces; ++piece)
    for (const uint8_t byte : block.subspan(piece * step, kPieceBytes)) ++counts[byte];
  uint64_t squares = 0;
  for (const uint64_t count : counts) squares += count * count;
  // Pearson's chi-squared: 255 +- 23 for random bytes; 700 is about 7.97 bits of information a
  // byte.
  return squares * 256 < kTotal * (kTotal + 700);
}

class GzipEncoder : public BlockEncoder {
 public:
  explicit GzipEncoder(int level) : deflate_(make_deflate(level)) {}

  void encode(std::span<const uint8_t> block, std::vector<uint8_t>& out) override {
    libdeflate_compressor* with = deflate_.get();
    if (looks_incompressible(block)) {
      if (!store_) store_ = make_deflate(0);
      with = store_.get();
    }
    const size_t before = out.size();
    out.resize(before + bound(block.size()));
    const size_t made = libdeflate_gzip_compress(with, block.data(), block.size(),
                                                 out.data() + before, out.size() - before);
    CHECK(made > 0);
    out.resize(before + made);
  }
  size_t bound(size_t bytes) const override {
    return libdeflate_gzip_compress_bound(nullptr, bytes);
  }

 private:
  Deflate deflate_;
  Deflate store_{nullptr, &libdeflate_free_compressor};
};

class ZstdEncoder : public BlockEncoder {
 public:
  explicit ZstdEncoder(int level) : context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    CHECK(context_ != nullptr);
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level)));
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1)));
  }

  void encode(std::span<const uint8_t> block, std::vector<uint8_t>& out) override {
    const size_t before = out.size();
    out.resize(before + bound(block.size()));
    const size_t made = ZSTD_compress2(context_.get(), out.data() + before, out.size() - before,
                                       block.data(), block.size());
    CHECK(!ZSTD_isError(made));
    out.resize(before + made);
  }
  size_t bound(size_t bytes) const override { return ZSTD_compressBound(bytes); }

 private:
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_;
};

class PlainEncoder : public BlockEncoder {
 public:
  void encode(std::span<const uint8_t> block, std::vector<uint8_t>& out) override {
    out.insert(out.end(), block.begin(), block.end());
  }
  size_t bound(size_t bytes) const override { return bytes; }
};

}  // namespace

size_t block_size(Format format) {
  // A zstd frame of 2 MiB has a window of 2 MiB; a gzip member of 256 KiB costs about 0.5 % against
  // one stream, one of 1 MiB 0.15 %. Every compressing thread holds two blocks.
  return format == Format::Zstd ? size_t{2} << 20 : size_t{256} << 10;
}

void check_level(Format format, int level) {
  const auto [low, high] = format == Format::Gzip   ? std::pair(0, 9)
                           : format == Format::Zstd ? std::pair(1, 22)
                                                    : std::pair(level, level);
  if (level < low || level > high)
    throw Error(fmt::format("{} has no compression level {}", name(format), level), {},
                fmt::format("choose one from {} to {}", low, high));
}

std::unique_ptr<BlockEncoder> make_encoder(Format format, int level) {
  check_level(format, level);
  switch (format) {
    case Format::Gzip:
      return std::make_unique<GzipEncoder>(level);
    case Format::Zstd:
      return std::make_unique<ZstdEncoder>(level);
    case Format::Plain:
      return std::make_unique<PlainEncoder>();
    default:
      break;
  }
  throw Error(fmt::format("writing {} is not supported", name(format)));
}

bool looks_incompressible(std::span<const uint8_t> block) {
  if (block.size() < 4 * kSampleBytes) return false;
  if (!looks_evenly_spread(block)) return false;
  // Evenly spread values may still repeat: try what the fastest level makes of the middle.
  static thread_local const Deflate trial = make_deflate(1);
  static thread_local std::vector<uint8_t> scratch(kSampleBytes + 4096);
  const auto middle = block.subspan(block.size() / 2, kSampleBytes);
  const size_t made = libdeflate_deflate_compress(trial.get(), middle.data(), middle.size(),
                                                  scratch.data(), scratch.size());
  return made == 0 || made > kSampleBytes - kSampleBytes / 64;
}

}  // namespace slipway::compress

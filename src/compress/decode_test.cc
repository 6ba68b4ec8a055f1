#include "compress/decode.h"

#include <bzlib.h>
#include <gtest/gtest.h>
#include <lzma.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "compress/encode.h"

namespace slipway::compress {
namespace {

std::string as_text(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// Gives out at most `step` bytes at a time, so that every boundary is crossed.
Source from(std::string bytes, size_t step) {
  return [bytes = std::move(bytes), step, at = size_t{0}](std::span<uint8_t> into) mutable {
    const size_t n = std::min({into.size(), step, bytes.size() - at});
    std::memcpy(into.data(), bytes.data() + at, n);
    at += n;
    return n;
  };
}

std::string drain(Decoder& decoder, size_t step) {
  std::string out;
  std::vector<uint8_t> buffer(step);
  while (const size_t n = decoder.read(buffer))
    out.append(buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(n));
  return out;
}

std::string sample(size_t bytes) {
  std::string out;
  uint32_t state = 7;
  while (out.size() < bytes) {
    state = state * 1664525u + 1013904223u;
    out += "line " + std::to_string(state >> 20) + (state & 0x10000000 ? " of text\n" : "\n");
  }
  out.resize(bytes);
  return out;
}

std::string packed(Format format, const std::string& plain) {
  std::vector<uint8_t> out;
  if (format == Format::Xz) {
    out.resize(lzma_stream_buffer_bound(plain.size()));
    size_t at = 0;
    EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr,
                                      reinterpret_cast<const uint8_t*>(plain.data()), plain.size(),
                                      out.data(), &at, out.size()),
              LZMA_OK);
    out.resize(at);
  } else if (format == Format::Bzip2) {
    unsigned size = static_cast<unsigned>(plain.size() + plain.size() / 50 + 1000);
    out.resize(size);
    EXPECT_EQ(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size,
                                       const_cast<char*>(plain.data()),
                                       static_cast<unsigned>(plain.size()), 1, 0, 0),
              BZ_OK);
    out.resize(size);
  } else {
    make_encoder(format, 3)->encode(
        std::span(reinterpret_cast<const uint8_t*>(plain.data()), plain.size()), out);
  }
  return as_text(out);
}

class DecodeEach : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, DecodeEach,
                         testing::Values(Format::Gzip, Format::Zstd, Format::Xz, Format::Bzip2),
                         [](const auto& one) { return std::string(name(one.param)); });

TEST_P(DecodeEach, IsFoundByMagicAndReadsBackInAnyPieces) {
  const std::string plain = sample(300'000), bytes = packed(GetParam(), plain);
  for (const size_t in : {size_t{1}, size_t{7}, size_t{4096}, size_t{1} << 20})
    for (const size_t out : {size_t{13}, size_t{1} << 16, size_t{1} << 20}) {
      Format found{};
      const auto decoder = make_decoder(from(bytes, in), &found);
      EXPECT_EQ(found, GetParam());
      EXPECT_EQ(drain(*decoder, out), plain) << in << " " << out;
      uint8_t one;
      EXPECT_EQ(decoder->read(std::span(&one, 1)), 0u) << "the end stays the end";
    }
}

TEST_P(DecodeEach, ConcatenatedMembersAreOneStream) {
  const std::string a = sample(70'000), b = sample(10),
                    bytes = packed(GetParam(), a) + packed(GetParam(), "") + packed(GetParam(), b);
  for (const size_t in : {size_t{1}, size_t{65536}})
    EXPECT_EQ(drain(*make_decoder(GetParam(), from(bytes, in)), 1000), a + b);
}

TEST_P(DecodeEach, ZerosAfterTheEndArePadding) {
  const std::string bytes = packed(GetParam(), "abc") + std::string(512, '\0');
  EXPECT_EQ(drain(*make_decoder(GetParam(), from(bytes, 100)), 1000), "abc");
}

TEST_P(DecodeEach, SomethingElseAfterTheEndIsDamage) {
  EXPECT_THROW(
      drain(*make_decoder(GetParam(), from(packed(GetParam(), "abc") + "garbage!", 100)), 1000),
      Error);
}

TEST_P(DecodeEach, AnEarlyEndIsAnErrorWhereverItIs) {
  const std::string bytes = packed(GetParam(), sample(2000));
  for (size_t length = kDetectBytes; length < bytes.size(); ++length)
    EXPECT_THROW(drain(*make_decoder(GetParam(), from(bytes.substr(0, length), 4096)), 100), Error)
        << length;
}

TEST_P(DecodeEach, AFlippedBitNeverGoesUnnoticed) {
  const std::string plain = sample(2000), bytes = packed(GetParam(), plain);
  for (size_t i = 10; i < bytes.size(); ++i) {
    std::string bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    try {
      EXPECT_EQ(drain(*make_decoder(GetParam(), from(bad, 4096)), 100), plain)
          << "wrong bytes without an error at " << i;
    } catch (const Error&) {
    }
  }
}

TEST(Decode, ErrorsNameTheFormat) {
  try {
    drain(*make_decoder(Format::Gzip, from(packed(Format::Gzip, "abc").substr(0, 12), 100)), 10);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "damaged gzip data: it ends in the middle");
  }
}

TEST(Decode, WhatIsNotCompressedPassesThrough) {
  for (const std::string& text :
       {std::string(), std::string("B"), std::string("BZx"), std::string("ustar and more")}) {
    Format found{};
    EXPECT_EQ(drain(*make_decoder(from(text, 2), &found), 3), text);
    EXPECT_EQ(found, Format::Plain);
  }
}

TEST(Decode, ASkippableFrameMayComeFirst) {
  const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  Format found{};
  EXPECT_EQ(drain(*make_decoder(from(skippable + packed(Format::Zstd, "text"), 3), &found), 10),
            "text");
  EXPECT_EQ(found, Format::Zstd);
}

TEST(Decode, AnEnormousZstdWindowIsRefused) {
  // Frame header: magic, no content size, window descriptor 0xa8 = 2^31.
  EXPECT_THROW(
      drain(*make_decoder(from(std::string("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9), 100)), 10),
      Error);
}

// Feeding it must not take memory in proportion to what comes out.
TEST(Decode, ABombIsReadAPieceAtATime) {
  std::string zeros(1 << 20, '\0'), member = packed(Format::Gzip, zeros), bomb;
  for (int i = 0; i < 256; ++i) bomb += member;
  const auto decoder = make_decoder(from(bomb, 4096));
  std::vector<uint8_t> buffer(4096);
  uint64_t total = 0;
  while (const size_t n = decoder->read(buffer)) total += n;
  EXPECT_EQ(total, uint64_t{256} << 20);
}

}  // namespace
}  // namespace slipway::compress

#include "compress/encode.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "base/error.h"

namespace slipway::compress {
namespace {

std::vector<uint8_t> random_bytes(size_t count) {
  std::mt19937_64 generator(42);
  std::vector<uint8_t> out(count);
  for (uint8_t& byte : out) byte = static_cast<uint8_t>(generator());
  return out;
}

std::vector<uint8_t> text(size_t count) {
  std::mt19937 generator(7);
  std::string out;
  while (out.size() < count)
    out += "int value_" + std::to_string(generator() % 500) + " = call(argument);\n";
  return {out.begin(), out.begin() + static_cast<ptrdiff_t>(count)};
}

std::vector<uint8_t> decoded(Format format, const std::vector<uint8_t>& packed) {
  size_t at = 0;
  const auto decoder = make_decoder(format, [&](std::span<uint8_t> into) {
    const size_t n = std::min(into.size(), packed.size() - at);
    if (n) std::memcpy(into.data(), packed.data() + at, n);
    at += n;
    return n;
  });
  std::vector<uint8_t> out, buffer(100'000);
  while (const size_t n = decoder->read(buffer))
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(n));
  return out;
}

class EncodeEach : public testing::TestWithParam<Format> {};
INSTANTIATE_TEST_SUITE_P(Formats, EncodeEach,
                         testing::Values(Format::Plain, Format::Gzip, Format::Zstd),
                         [](const auto& one) { return std::string(name(one.param)); });

TEST_P(EncodeEach, BlocksOneAfterTheOtherReadBackAsOneStream) {
  const size_t block = block_size(GetParam());
  std::vector<uint8_t> plain = text(2 * block + 12345), noise = random_bytes(block);
  plain.insert(plain.begin() + static_cast<ptrdiff_t>(block), noise.begin(), noise.end());
  const auto encoder = make_encoder(GetParam(), 3);
  std::vector<uint8_t> packed;
  for (size_t at = 0; at < plain.size(); at += block) {
    const size_t before = packed.size(), bytes = std::min(block, plain.size() - at);
    encoder->encode(std::span(plain).subspan(at, bytes), packed);
    EXPECT_LE(packed.size() - before, encoder->bound(bytes));
  }
  EXPECT_EQ(decoded(GetParam(), packed), plain);
}

TEST_P(EncodeEach, ABlockDoesNotDependOnTheOnesBeforeIt) {
  const auto used = make_encoder(GetParam(), 3), fresh = make_encoder(GetParam(), 3);
  std::vector<uint8_t> ignored, a, b;
  used->encode(random_bytes(500'000), ignored);
  used->encode(text(300'000), ignored);
  used->encode(text(1000), a);
  fresh->encode(text(1000), b);
  EXPECT_EQ(a, b);
}

TEST_P(EncodeEach, NothingIsAValidStreamToo) {
  std::vector<uint8_t> packed;
  make_encoder(GetParam(), 3)->encode({}, packed);
  EXPECT_EQ(packed.empty(), GetParam() == Format::Plain);
  EXPECT_TRUE(decoded(GetParam(), packed).empty());
}

TEST(Encode, LevelsOutOfRangeAreErrorsThatNameTheRange) {
  for (const auto& [format, level] :
       {std::pair(Format::Gzip, -1), {Format::Gzip, 10}, {Format::Zstd, 0}, {Format::Zstd, 23}})
    EXPECT_THROW(make_encoder(format, level), Error);
  try {
    check_level(Format::Gzip, 11);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), "gzip has no compression level 11");
    EXPECT_EQ(error.hint(), "choose one from 0 to 9");
  }
  EXPECT_NO_THROW(make_encoder(Format::Gzip, 0));
  EXPECT_THROW(make_encoder(Format::Xz, 1), Error);
}

TEST(Encode, RandomBytesAreStoredAndTextIsNot) {
  EXPECT_TRUE(looks_incompressible(random_bytes(1 << 20)));
  EXPECT_FALSE(looks_incompressible(text(1 << 20)));
  EXPECT_FALSE(looks_incompressible(std::vector<uint8_t>(1 << 20, 0)));
  EXPECT_FALSE(looks_incompressible(random_bytes(1000))) << "too small to be worth a sample";
}

TEST(Encode, EvenlySpreadBytesThatRepeatAreCompressed) {
  std::vector<uint8_t> pattern = random_bytes(5000), repeated;
  while (repeated.size() < (1 << 20))
    repeated.insert(repeated.end(), pattern.begin(), pattern.end());
  repeated.resize(1 << 20);
  EXPECT_FALSE(looks_incompressible(repeated));
  std::vector<uint8_t> packed;
  make_encoder(Format::Gzip, kDefaultGzipLevel)->encode(repeated, packed);
  EXPECT_LT(packed.size(), repeated.size() / 20);
}

}  // namespace
}  // namespace slipway::compress

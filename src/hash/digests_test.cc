#include "hash/digests.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace slipway::hash {
namespace {

std::string hex(std::string_view algorithm, std::string_view bytes) {
  const std::string sum = digest_of(algorithm, bytes);
  return to_hex(std::span(reinterpret_cast<const uint8_t*>(sum.data()), sum.size()));
}

TEST(Digests, AreThoseOfTheStandards) {
  EXPECT_EQ(hex("md5", "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex("sha1", "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex("sha512", "abc").substr(0, 32), "ddaf35a193617abacc417349ae204131");
  EXPECT_EQ(hex("md5", ""), "d41d8cd98f00b204e9800998ecf8427e");
}

}  // namespace
}  // namespace slipway::hash

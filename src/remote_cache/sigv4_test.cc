#include "remote_cache/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::remote_cache {
namespace {

using ::testing::EndsWith;

// The examples of Amazon's documentation, "Signature Calculations for the Authorization Header".
const AwsIdentity kWho{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                       .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                       .session_token = {},
                       .region = "us-east-1"};
const std::string kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int64_t kTime = 1369353600;

std::string signature(const std::string& method, const std::string& path,
                      const http::Headers& headers, const std::string& payload) {
  const auto signed_headers = sign_request(
      kWho, method, "https://examplebucket.s3.amazonaws.com" + path, headers, payload, kTime);
  return *http::find_header(signed_headers, "Authorization");
}

TEST(SigV4, TellsTheTimeAsAmazonWantsIt) { EXPECT_EQ(amz_time(kTime), "20130524T000000Z"); }

TEST(SigV4, SignsAGetWithARange) {
  EXPECT_THAT(
      signature("GET", "/test.txt", {{"Range", "bytes=0-9"}}, kEmpty),
      EndsWith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST(SigV4, SignsQueries) {
  EXPECT_THAT(
      signature("GET", "/?lifecycle", {}, kEmpty),
      EndsWith("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  EXPECT_THAT(
      signature("GET", "/?max-keys=2&prefix=J", {}, kEmpty),
      EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

}  // namespace
}  // namespace slipway::remote_cache

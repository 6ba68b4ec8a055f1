// Signatures of Amazon's S3 API, version 4: a pure function of request, secret and time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "http/client.h"

namespace slipway::remote_cache {

struct AwsIdentity {
  std::string access_key_id, secret_access_key, session_token;  // the last may be empty
  std::string region;
};

/// "20130524T000000Z" for seconds since the epoch.
std::string amz_time(int64_t seconds);

/// The headers that sign a request: Authorization, x-amz-date, x-amz-content-sha256 and, with a
/// session token, x-amz-security-token. `url` is encoded as it is sent; `headers` are signed as
/// well; `host` follows from the URL.
http::Headers sign_request(const AwsIdentity& who, const std::string& method,
                           const std::string& url, const http::Headers& headers,
                           const std::string& payload_sha256, int64_t seconds);

}  // namespace slipway::remote_cache

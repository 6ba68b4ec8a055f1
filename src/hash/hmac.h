// HMAC with SHA-256 (RFC 2104), for signed requests.
#pragma once

#include <string_view>

#include "hash/sha256.h"

namespace slipway::hash {

Sha256Sum hmac_sha256(std::string_view key, std::string_view text);

}  // namespace slipway::hash

// Digests of other kinds than the one that Slipway itself works with, for those who ask for them by name.
#pragma once

#include <string>
#include <string_view>

namespace slipway::hash {

/// The raw bytes of the digest; `algorithm` is "md5", "sha1" or "sha512".
std::string digest_of(std::string_view algorithm, std::string_view bytes);

}  // namespace slipway::hash

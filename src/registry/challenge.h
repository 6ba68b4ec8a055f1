// The WWW-Authenticate header (RFC 9110 section 11) and base64, as registry authentication needs
// them. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"

namespace slipway::registry {

struct Challenge {
  std::string scheme;                         // lower case: "bearer", "basic"
  std::map<std::string, std::string> params;  // names in lower case: "realm", "service", "scope"
};

/// All challenges of one header value; malformed rests are dropped.
std::vector<Challenge> parse_challenges(std::string_view value);

/// The challenge of a 401 answer that we can meet: Bearer with a realm, else Basic; nullopt if
/// there is none.
std::optional<Challenge> choose_challenge(const http::Headers& headers);

std::string base64_encode(std::string_view bytes);
/// Accepts missing padding; nullopt on any other character.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace slipway::registry

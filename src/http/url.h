// The few parts of URLs that HTTP clients need (RFC 3986): split, resolve a Location header,
// percent-encode, default ports. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::http {

struct Url {
  std::string scheme;     // lower case
  std::string user_info;  // "user:password", still encoded, usually empty
  std::string host;       // lower case; IPv6 with its brackets
  int port = 0;           // explicit or the scheme's default
  std::string path;       // begins with "/" ("/" if the URL has none), still encoded
  std::string query;      // without "?", still encoded; fragments are dropped

  std::string str() const;
  std::string host_port() const;  // "host:port", always with the port
  bool same_origin(const Url& other) const;
};

/// nullopt unless `text` is an absolute http or https URL without blanks or control characters.
std::optional<Url> parse_url(std::string_view text);

/// The absolute URL that `location` means on the page `base` (RFC 3986 section 5.2); nullopt if it
/// is none of ours.
std::optional<Url> resolve_url(const Url& base, std::string_view location);

/// Everything but unreserved characters as %XX.
std::string percent_encode(std::string_view text);
/// %XX decoded; a malformed escape stays as it is.
std::string percent_decode(std::string_view text);
/// `url` with `key`=`value` added to its query, both encoded.
std::string with_query(std::string_view url, std::string_view key, std::string_view value);

/// "localhost", names under .localhost, 127.0.0.0/8 and ::1; `host` may have a port and brackets.
bool is_loopback(std::string_view host);

}  // namespace slipway::http

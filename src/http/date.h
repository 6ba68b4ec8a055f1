// HTTP dates (RFC 9110 section 5.6.7), independent of locale and time zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway::http {

/// Seconds since the epoch of "Sun, 06 Nov 1994 08:49:37 GMT" and of the two obsolete forms
/// ("Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"); nullopt for anything else.
std::optional<int64_t> parse_date(std::string_view text);

}  // namespace slipway::http

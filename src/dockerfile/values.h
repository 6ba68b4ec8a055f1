// Small languages inside instructions: ports of EXPOSE, signals, CSV.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::dockerfile {

/// What one expanded EXPOSE word means. Throws Error without a place.
struct PortSpec {
  std::vector<std::string>
      ports;  // "80/tcp", one per port of a range, as the image config has them
  bool has_address =
      false;  // an IP address or host port was given; it is ignored (ExposeInvalidFormat)
  bool upper_case = false;  // the protocol was not lower case (ExposeProtoCasing)
};
PortSpec parse_port(std::string_view text);

/// True for a name with or without "SIG", in any casing, or a number other than 0, as STOPSIGNAL
/// takes it.
bool is_signal(std::string_view text);

/// One record of comma-separated fields, `"` quotes as RFC 4180 has them. nullopt if malformed or
/// empty.
std::optional<std::vector<std::string>> split_csv(std::string_view text);

/// Go's strconv.ParseBool: 1 t T true TRUE True and their opposites.
std::optional<bool> parse_bool(std::string_view text);

}  // namespace slipway::dockerfile

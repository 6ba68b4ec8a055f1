// Small text helpers that several rooms share. Pure functions over bytes; no locale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);
std::string_view trim(std::string_view text);  // ASCII blanks, tabs, CR, LF
std::string to_lower(std::string_view text);   // ASCII only
std::string to_upper(std::string_view text);   // ASCII only
std::string to_hex(std::span<const uint8_t> bytes);
std::string to_base64(std::string_view bytes);  // RFC 4648, with padding
/// Decimal only, no sign, no blanks; nullopt on anything else or overflow.
std::optional<uint64_t> parse_u64(std::string_view text, int base = 10);
std::optional<int64_t> parse_i64(std::string_view text);  // decimal, with a sign

/// The candidate closest to `word` by edit distance if it is near enough to be meant, for "did you mean".
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

/// "1.50 MB" (powers of 1000, three digits), for people.
std::string human_size(uint64_t bytes);
/// "0.3s", "12.4s", "3m 20s", for people.
std::string human_duration(double seconds);
/// Reads "10s", "1h30m", "500ms" (Go's time.ParseDuration) into nanoseconds; nullopt if malformed.
std::optional<int64_t> parse_go_duration(std::string_view text);
/// Reads "512", "64k", "1.5g", "10MB", "2GiB" into bytes (powers of 1024, as docker's flags do).
std::optional<uint64_t> parse_size(std::string_view text);

}  // namespace slipway

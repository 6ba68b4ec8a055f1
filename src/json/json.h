// JSON behind one adapter: parsing of untrusted documents and ordered, deterministic printing.
//
// Rooms that build or read documents include this header in their .cc only; headers say `json::Value` through
// json/fwd.h. Whoever needs a digest hashes the original bytes, never a re-dump.
#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "json/fwd.h"

namespace slipway::json {

/// Parses a whole document. Throws Error naming `origin` and the byte offset on malformed input, duplicate keys,
/// nesting deeper than 200, or trailing bytes.
Value parse(std::string_view text, std::string_view origin);

/// Compact, keys in insertion order, invalid UTF-8 replaced; the same value gives the same bytes anywhere.
std::string dump(const Value& value);
/// Indented with two spaces, for files that people read.
std::string dump_pretty(const Value& value);

/// Member access that never throws a third-party exception: the member if `value` is an object that has it.
const Value* find(const Value& value, std::string_view key);
std::string string_or(const Value& value, std::string_view key, std::string fallback = {});
std::optional<int64_t> int_or_none(const Value& value, std::string_view key);
bool bool_or(const Value& value, std::string_view key, bool fallback = false);

}  // namespace slipway::json

// The patterns of ${v#p}, ${v%p} and ${v/p/r}: `*`, `?` and `\` escapes, no brackets.
#pragma once

#include <string>
#include <string_view>

namespace slipway::dockerfile {

/// `value` without the shortest or longest prefix that matches. Throws Error on a malformed
/// pattern.
std::string trim_prefix(std::string_view pattern, std::string_view value, bool longest);
/// The same at the other end.
std::string trim_suffix(std::string_view pattern, std::string_view value, bool longest);
/// `value` with the first or every leftmost-longest match replaced.
std::string replace_matches(std::string_view pattern, std::string_view replacement,
                            std::string_view value, bool all);

}  // namespace slipway::dockerfile

// --chown and USER as owners of files: numbers as they are, names from the image's own passwd and group.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::tree {

struct Owner {
  uint32_t uid = 0, gid = 0;
};

struct ResolvedOwner {
  Owner owner;
  std::vector<std::string> unknown;  // names that the image does not know; they count as 0
};

/// "33" -> 33:33, "33:" -> 33:0, ":33" -> 0:33, "app" -> uid and gid of its passwd line, "app:staff" with the group's id.
/// "root" needs no passwd. Throws Error for numbers beyond 32 bits.
ResolvedOwner resolve_owner(std::string_view text, std::string_view passwd, std::string_view group);
/// True if resolve_owner has to look into passwd or group.
bool needs_names(std::string_view text);

}  // namespace slipway::tree

// Which ids a new user namespace can have: pure decisions from /proc/self/uid_map, /etc/subuid and
// /etc/subgid.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::exec {

/// One line of a uid_map: `count` ids from `inside` on are `outside` and following in the parent
/// namespace.
struct IdRange {
  uint32_t inside = 0, outside = 0, count = 0;
  bool operator==(const IdRange&) const = default;
};

/// The lines of a uid_map or gid_map file; malformed lines are left out.
std::vector<IdRange> parse_id_map(std::string_view text);

/// All ids that `current` maps, onto themselves. The first id is a range of its own: programs that
/// take the single line "0 0 4294967295" as the mark of the initial user namespace (crun) must see
/// that they are not in it.
std::vector<IdRange> identity_map(const std::vector<IdRange>& current);

/// 0 -> `id`, then the ranges of `name` (or of the number `id`) in `subid_text`, one after the
/// other from 1 on. Only the first line when there are none.
std::vector<IdRange> subordinate_map(uint32_t id, std::string_view name,
                                     std::string_view subid_text);

/// How many ids the ranges hold.
uint64_t id_count(const std::vector<IdRange>& ranges);

/// "0 1000 1\n1 100000 65536\n".
std::string id_map_text(const std::vector<IdRange>& ranges);

}  // namespace slipway::exec

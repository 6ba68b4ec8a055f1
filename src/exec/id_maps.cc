// Parsing and composing id maps; see user_namespaces(7) and subuid(5).
#include "exec/id_maps.h"

#include <fmt/core.h>

#include <limits>
#include <optional>

#include "base/text.h"

namespace slipway::exec {
namespace {

std::optional<uint32_t> parse_id(std::string_view text) {
  const auto number = parse_u64(text);
  if (!number || *number > std::numeric_limits<uint32_t>::max()) return std::nullopt;
  return static_cast<uint32_t>(*number);
}

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  for (auto& word : split(line, ' '))
    if (!word.empty()) out.push_back(std::move(word));
  return out;
}

}  // namespace

std::vector<IdRange> parse_id_map(std::string_view text) {
  std::vector<IdRange> ranges;
  for (const auto& line : split(text, '\n')) {
    const auto fields = words(line);
    if (fields.size() != 3) continue;
    const auto inside = parse_id(fields[0]), outside = parse_id(fields[1]),
               count = parse_id(fields[2]);
    if (inside && outside && count && *count > 0) ranges.push_back({*inside, *outside, *count});
  }
  return ranges;
}

std::vector<IdRange> identity_map(const std::vector<IdRange>& current) {
  std::vector<IdRange> out;
  for (const auto& range : current) {
    if (out.empty() && range.count > 1) {
      out.push_back({range.inside, range.inside, 1});
      out.push_back({range.inside + 1, range.inside + 1, range.count - 1});
    } else {
      out.push_back({range.inside, range.inside, range.count});
    }
  }
  return out;
}

std::vector<IdRange> subordinate_map(uint32_t id, std::string_view name,
                                     std::string_view subid_text) {
  std::vector<IdRange> out = {{0, id, 1}};
  uint32_t next = 1;
  const std::string number = fmt::format("{}", id);
  for (const auto& line : split(subid_text, '\n')) {
    const auto fields = split(trim(line), ':');
    if (fields.size() != 3 || fields[0].empty() || (fields[0] != name && fields[0] != number))
      continue;
    const auto start = parse_id(fields[1]), count = parse_id(fields[2]);
    if (!start || !count || *count == 0 || *count > std::numeric_limits<uint32_t>::max() - next)
      continue;
    out.push_back({next, *start, *count});
    next += *count;
  }
  return out;
}

uint64_t id_count(const std::vector<IdRange>& ranges) {
  uint64_t total = 0;
  for (const auto& range : ranges) total += range.count;
  return total;
}

std::string id_map_text(const std::vector<IdRange>& ranges) {
  std::string out;
  for (const auto& range : ranges)
    out += fmt::format("{} {} {}\n", range.inside, range.outside, range.count);
  return out;
}

}  // namespace slipway::exec

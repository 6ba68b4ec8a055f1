// See platform_list.h.
#include "lint/platform_list.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "oci/platform.h"

namespace slipway::lint {
namespace {

bool is_platform(const std::string& text) {
  try {
    oci::parse_platform(text);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Takes [at, at + size) out of "a, b,c" with one comma and the blanks behind it.
std::vector<Edit> take_out(std::string_view text, size_t at, size_t size, size_t begin,
                           size_t end) {
  size_t after = at + size;
  while (after < end && text[after] == ' ') ++after;
  if (after < end && text[after] == ',') {
    ++after;
    while (after < end && text[after] == ' ') ++after;
    return {{at, after, ""}};
  }
  size_t before = at;
  while (before > begin && text[before - 1] == ' ') --before;
  if (before > begin && text[before - 1] == ',') return {{before - 1, at + size, ""}};
  return {};
}

}  // namespace

std::string no_node_message(const std::string& platform, const Nodes& nodes) {
  return fmt::format("{} is built, but no node runs it: the cluster has {}", platform,
                     nodes.summary());
}

void check_platforms(const SourceFile& file, size_t anchor, size_t begin, size_t end,
                     const std::vector<std::string>& platforms, const Nodes& nodes,
                     Report& report) {
  if (!std::all_of(platforms.begin(), platforms.end(), is_platform)) return;
  const auto is_used = [&](const std::string& platform) { return nodes.can_run(platform); };
  const bool some_remain = std::any_of(platforms.begin(), platforms.end(), is_used);
  end = std::min(end, file.text.size());
  for (const auto& platform : platforms) {
    if (is_used(platform)) continue;
    size_t at = file.text.find(platform, begin);
    if (at == std::string::npos || at + platform.size() > end) at = begin;
    const bool was_found = file.text.compare(at, platform.size(), platform) == 0;
    report.add(anchor, at, at + (was_found ? platform.size() : 1), no_node_message(platform, nodes),
               some_remain ? "leave it out of the list" : "build what the nodes are",
               was_found && some_remain ? take_out(file.text, at, platform.size(), begin, end)
                                        : std::vector<Edit>());
  }
  for (const auto& [platform, names] : nodes.by_platform) {
    const auto node = oci::parse_platform(platform);
    if (std::any_of(platforms.begin(), platforms.end(), [&](const std::string& text) {
          return oci::match_distance(oci::parse_platform(text), node).has_value();
        }))
      continue;
    size_t at = file.text.find(platforms.front(), begin);
    if (at == std::string::npos || at >= end) at = begin;
    report.add(
        anchor, at, at + platforms.front().size(),
        fmt::format("{} ({}) has no image: nothing is built for it", platform, join(names, ", ")),
        fmt::format("add {} to the list, or keep the workload off these nodes", platform));
  }
}

void report_mistake(const SourceFile& file, const Error& mistake, Report& report) {
  const auto parts = split(mistake.where(), ':');
  const auto line = parts.size() < 3 ? std::nullopt : parse_u64(parts[parts.size() - 2]);
  const auto column = parts.size() < 3 ? std::nullopt : parse_u64(parts.back());
  const size_t at = line && column ? LineIndex(file.text).offset(static_cast<int>(*line),
                                                                 static_cast<int>(*column))
                                   : 0;
  report.add(at, at, at + 1, mistake.message(), mistake.hint());
}

}  // namespace slipway::lint

#include "cli/store_access.h"

#include <fmt/core.h>

#include <algorithm>

#include "store/store.h"

namespace slipway::cli {

std::string store_root(const ParsedArgs& args, const Io& io, bool is_root) {
  const std::string given = args.value_or("store", io.environment("SLIPWAY_HOME").value_or(""));
  return given.empty() ? store::Store::default_root(is_root) : given;
}

std::string time_ago(int64_t then, int64_t now) {
  if (then <= 0) return "never";
  const int64_t seconds = std::max<int64_t>(0, now - then);
  struct Unit {
    int64_t seconds;
    const char* name;
  };
  for (const Unit& unit : {Unit{86400 * 365, "year"},
                           {86400 * 30, "month"},
                           {86400 * 7, "week"},
                           {86400, "day"},
                           {3600, "hour"},
                           {60, "minute"}})
    if (const int64_t count = seconds / unit.seconds; count >= 1)
      return fmt::format("{} {}{} ago", count, unit.name, count == 1 ? "" : "s");
  return "just now";
}

}  // namespace slipway::cli

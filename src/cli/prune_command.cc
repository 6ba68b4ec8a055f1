// `slipway prune`: removes what builds left behind.
#include <fmt/core.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "cli/handlers.h"
#include "cli/specs.h"
#include "cli/store_access.h"
#include "exec/sandbox.h"
#include "os/fs.h"
#include "store/store.h"

namespace slipway::cli {
namespace {

std::optional<int64_t> unused_for(const ParsedArgs& args) {
  std::optional<int64_t> seconds;
  for (const auto& text : args.list("filter")) {
    const size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (equals == text.npos || (key != "until" && key != "unused-for"))
      throw Error(fmt::format("unknown filter \"{}\"", text), "--filter",
                  "the filter is until=DURATION, for example until=24h");
    if (seconds) throw Error("there is more than one until", "--filter");
    const auto duration = parse_go_duration(std::string_view(text).substr(equals + 1));
    if (!duration || *duration < 0)
      throw Error(fmt::format("\"{}\" is no duration", text.substr(equals + 1)), "--filter",
                  "write 24h, 90m or 1h30m");
    seconds = *duration / 1'000'000'000;
  }
  return seconds;
}

std::optional<uint64_t> bytes_of(const ParsedArgs& args, const char* name) {
  const auto text = args.value(name);
  if (!text) return std::nullopt;
  return parse_bytes(*text, fmt::format("--{}", name));
}

/// How large the store may stay, from the three sizes that can be given.
std::optional<uint64_t> size_limit(const ParsedArgs& args, const std::string& root, uint64_t used) {
  std::optional<uint64_t> limit = bytes_of(args, "max-used-space");
  if (const auto wanted = bytes_of(args, "min-free-space")) {
    struct statvfs disk{};
    if (::statvfs(root.c_str(), &disk) != 0) throw errno_error("ask for the free space of", root);
    const uint64_t free = static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize;
    const uint64_t missing = *wanted > free ? *wanted - free : 0;
    const uint64_t may_stay = used > missing ? used - missing : 0;
    limit = std::min(limit.value_or(may_stay), may_stay);
  }
  auto reserved = bytes_of(args, "reserved-space");
  if (!reserved) reserved = bytes_of(args, "keep-storage");
  if (reserved) limit = std::max(limit.value_or(*reserved), *reserved);
  return limit;
}

}  // namespace

int prune_command(const ParsedArgs& args, const Io& io) {
  store::PruneOptions options;
  options.all = args.flag("all");
  options.unused_for = unused_for(args);
  for (const char* name : {"max-used-space", "min-free-space", "reserved-space", "keep-storage"})
    bytes_of(args, name);

  if (!args.flag("force")) {
    io.out(fmt::format(
        "This removes {} from the store. Go on? [y/N] ",
        options.all ? "everything, images too," : "all that no image and no recent build uses"));
    const std::string answer = to_lower(trim(io.read_line()));
    if (answer != "y" && answer != "yes") {
      io.out("Nothing was removed.\n");
      return 0;
    }
  }
  const exec::Namespace ns = exec::enter_namespace();
  const std::string root = store_root(args, io, ns.outer_uid == 0);
  if (!os::exists(root)) {
    io.out("Nothing was removed: there is no store yet.\n");
    return 0;
  }
  store::Store store(root);
  uint64_t used = 0;
  for (const auto& usage : store.usage()) used += usage.bytes;
  options.max_bytes = size_limit(args, root, used);
  const auto removed = store.prune(options);
  uint64_t freed = 0;
  std::vector<std::vector<std::string>> rows = {{"KIND", "NAME", "SIZE"}};
  for (const auto& usage : removed) {
    freed += usage.bytes;
    rows.push_back({usage.kind, usage.name, human_size(usage.bytes)});
  }
  if (args.flag("verbose") && !removed.empty()) io.out(render_table(rows, {2}));
  io.out(fmt::format("Removed {} {}, {}\n", removed.size(),
                     removed.size() == 1 ? "thing" : "things", human_size(freed)));
  return 0;
}

}  // namespace slipway::cli

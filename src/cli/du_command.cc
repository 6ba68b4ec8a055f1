// `slipway du`: what the store takes on disk, by kind or thing by thing.
#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "base/text.h"
#include "cli/handlers.h"
#include "cli/store_access.h"
#include "exec/sandbox.h"
#include "json/json.h"
#include "os/fs.h"
#include "record/causes.h"
#include "store/store.h"

namespace slipway::cli {
namespace {

std::string part(const store::KeyParts& parts, std::string_view label) {
  for (const auto& [name, value] : parts)
    if (name == label) return value;
  return {};
}

/// The step whose result a layer is, in words: "RUN make", "COPY . -> /src".
std::string step_of(const store::KeyParts& parts) {
  const std::string kind = part(parts, "kind");
  std::string out;
  if (kind == "run")
    out = "RUN " + record::unpacked_words(part(parts, "command"));
  else if (kind == "copy")
    out = fmt::format("COPY {} -> {}", part(parts, "source 0"), part(parts, "destination"));
  else if (kind == "workdir")
    out = "WORKDIR " + part(parts, "path");
  std::ranges::replace(out, '\n', ' ');
  return out;
}

/// What holds the space, for people.
std::string what_of(const store::Usage& usage) {
  constexpr size_t kLongest = 48;
  std::string out = step_of(usage.parts);
  if (out.empty() && usage.name.starts_with("diff:")) out = "base image";
  if (out.size() > kLongest) out = out.substr(0, kLongest - 3) + "...";
  return out;
}

std::string as_json(const std::vector<store::Usage>& all, uint64_t total) {
  auto list = json::Value::array();
  for (const auto& usage : all) {
    json::Value one;
    one["kind"] = usage.kind;
    one["name"] = usage.name;
    one["size"] = usage.bytes;
    one["lastUsed"] = usage.last_used;
    one["inUse"] = usage.in_use;
    one["rebuildSeconds"] = usage.rebuild_seconds;
    if (const std::string step = step_of(usage.parts); !step.empty()) one["step"] = step;
    list.push_back(std::move(one));
  }
  json::Value out;
  out["version"] = 1;
  out["total"] = total;
  out["entries"] = std::move(list);
  return json::dump_pretty(out);
}

struct Kind {
  size_t count = 0;
  uint64_t bytes = 0, reclaimable = 0;
};

}  // namespace

int du_command(const ParsedArgs& args, const Io& io) {
  const std::string format = format_of(args, {"table", "json"});
  const exec::Namespace ns = exec::enter_namespace();  // snapshots belong to other users of ours
  const std::string root = store_root(args, io, ns.outer_uid == 0);
  std::vector<store::Usage> all;
  if (os::exists(root)) all = store::Store(root).usage();
  uint64_t total = 0;
  std::map<std::string, Kind> kinds;
  for (const auto& usage : all) {
    total += usage.bytes;
    Kind& kind = kinds[usage.kind];
    ++kind.count;
    kind.bytes += usage.bytes;
    if (!usage.in_use) kind.reclaimable += usage.bytes;
  }
  if (format == "json") {
    io.out(as_json(all, total));
    return 0;
  }
  const int64_t now = std::time(nullptr);
  if (args.flag("verbose")) {
    std::vector<std::vector<std::string>> rows = {{"KIND", "NAME", "SIZE", "LAST USED", "IN USE",
                                                   "REBUILD", "WHAT"}};
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    for (const auto& usage : all)
      rows.push_back({usage.kind, usage.name, human_size(usage.bytes),
                      time_ago(usage.last_used, now), usage.in_use ? "yes" : "no",
                      usage.rebuild_seconds > 0 ? human_duration(usage.rebuild_seconds) : "-",
                      what_of(usage)});
    io.out(render_table(rows, {2, 5}) + "\n");
  }
  std::vector<std::vector<std::string>> rows = {{"KIND", "COUNT", "SIZE", "NOT IN USE"}};
  Kind sum;
  for (const auto& [name, kind] : kinds) {
    rows.push_back(
        {name, std::to_string(kind.count), human_size(kind.bytes), human_size(kind.reclaimable)});
    sum.count += kind.count;
    sum.reclaimable += kind.reclaimable;
  }
  rows.push_back(
      {"total", std::to_string(sum.count), human_size(total), human_size(sum.reclaimable)});
  io.out(render_table(rows, {1, 2, 3}));
  return 0;
}

}  // namespace slipway::cli

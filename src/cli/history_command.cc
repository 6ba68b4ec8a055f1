// `slipway history`: the builds that this store remembers, newest first.
#include <fmt/core.h>

#include <ctime>

#include "base/text.h"
#include "cli/handlers.h"
#include "cli/store_access.h"
#include "exec/sandbox.h"
#include "json/json.h"
#include "record/shelf.h"

namespace slipway::cli {
namespace {

std::string as_json(const std::vector<record::Build>& builds) {
  json::Value out;
  out["version"] = 1;
  out["builds"] = json::Value::array();
  for (const auto& build : builds) {
    json::Value one;
    one["id"] = build.id;
    one["started"] = build.started;
    one["ok"] = build.ok;
    one["context"] = build.context;
    one["names"] = build.names;
    one["platforms"] = build.platforms;
    one["steps"] = build.counted();
    one["cached"] = build.cached();
    one["imageBytes"] = build.image_bytes;
    one["contextBytes"] = build.context_bytes;
    one["wallSeconds"] = build.wall_seconds;
    one["cpuSeconds"] = build.cpu_seconds();
    one["emulatedSeconds"] = build.emulated_seconds();
    out["builds"].push_back(std::move(one));
  }
  return json::dump_pretty(out);
}

std::string share(size_t part, size_t whole) {
  return whole == 0 ? "-" : fmt::format("{} %", (part * 100 + whole / 2) / whole);
}

}  // namespace

int history_command(const ParsedArgs& args, const Io& io) {
  const std::string format = format_of(args, {"table", "json"});
  const exec::Namespace ns = exec::enter_namespace();
  const std::string root = store_root(args, io, ns.outer_uid == 0);
  std::vector<record::Build> builds;
  for (const auto& id : record::ids(root)) builds.push_back(record::get(root, id));
  if (format == "json") {
    io.out(as_json(builds));
    return 0;
  }
  const int64_t now = std::time(nullptr);
  std::vector<std::vector<std::string>> rows = {
      {"BUILD", "STARTED", "NAME", "RESULT", "STEPS", "CACHED", "TIME", "CPU", "EMULATED",
       "CONTEXT", "IMAGE"}};
  for (const auto& build : builds) {
    const double emulated = build.emulated_seconds();
    rows.push_back({build.id, time_ago(build.started, now),
                    build.names.empty() ? build.context : build.names.front(),
                    build.ok ? "ok" : "failed", std::to_string(build.counted()),
                    share(build.cached(), build.counted()), human_duration(build.wall_seconds),
                    human_duration(build.cpu_seconds()),
                    emulated > 0 ? human_duration(emulated) : "-",
                    build.context_bytes > 0 ? human_size(build.context_bytes) : "-",
                    build.image_bytes > 0 ? human_size(build.image_bytes) : "-"});
  }
  io.out(render_table(rows, {4, 5, 6, 7, 8, 9, 10}));
  return 0;
}

}  // namespace slipway::cli

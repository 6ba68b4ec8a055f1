// `slipway join`: the state of a tag that several machines build together, and ending it.
#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "cli/handlers.h"
#include "cli/signals.h"
#include "cli/store_access.h"
#include "joins/identity.h"
#include "joins/meeting.h"
#include "json/json.h"
#include "os/process.h"

namespace slipway::cli {
namespace {

/// Ids that the surroundings suggest, as `build --join` would choose them.
std::vector<std::string> likely_ids(const Io& io, std::stop_token stop) {
  std::vector<std::string> out;
  if (const std::string run = joins::run_of(io.environment); !run.empty()) out.push_back(run);
  if (!os::find_program("git")) return out;
  const os::Finished git = os::run({.argv = {"git", "rev-parse", "HEAD"}}, stop);
  if (git.ok()) out.push_back("git-" + std::string(trim(git.output)));
  return out;
}

/// The one join that is meant.
joins::Plan choose(const std::vector<joins::Plan>& plans, const std::string& target, const Io& io,
                   std::stop_token stop) {
  if (plans.size() == 1) return plans.front();
  for (const auto& id : likely_ids(io, stop))
    for (const auto& plan : plans)
      if (plan.id == id) return plan;
  std::vector<std::string> ids;
  for (const auto& plan : plans) ids.push_back(plan.id);
  throw Error(fmt::format("{} has {} joins: {}", target, plans.size(), slipway::join(ids, ", ")), {},
              "say which one with --id");
}

std::vector<joins::Plan> plans_of(const ParsedArgs& args, registry::Client& client,
                                  const registry::Reference& target, std::stop_token stop) {
  if (const auto id = args.value("id")) {
    if (auto plan = joins::find_join(client, target, *id, stop)) return {std::move(*plan)};
    throw Error(fmt::format("{} has no join {}", target.familiar(), *id), "--id",
                "`slipway join` without --id lists all of them");
  }
  auto plans = joins::joins_of(client, target, stop);
  if (plans.empty())
    throw Error(fmt::format("no machine has joined {}", target.familiar()), {},
                "`slipway build --join --push` does, on each machine");
  return plans;
}

std::string state_line(const joins::State& state) {
  if (state.is_published)
    return fmt::format("published{} as {}", state.is_complete() ? "" : ", incomplete,",
                       state.would_be->digest.str());
  if (!state.is_complete())
    return fmt::format("waiting for {}", joins::text_of(joins::missing(state.slots)));
  return fmt::format("complete; the tag is something else than {} by now",
                     state.would_be->digest.str());
}

std::string as_text(const joins::State& state, int64_t now) {
  std::vector<std::vector<std::string>> rows = {{"PLATFORM", "IMAGE", "FROM", "WHEN"}};
  for (const auto& slot : state.slots) {
    if (!slot.fragment) {
      rows.push_back({slot.platform.str(), "missing", "", ""});
      continue;
    }
    const joins::Fragment& fragment = *slot.fragment;
    std::string image;
    for (size_t i = 0; i < fragment.platforms.size(); ++i)
      if (fragment.platforms[i] == slot.platform)
        image = fragment.images[i].descriptor.digest.str().substr(0, 19);
    rows.push_back({slot.platform.str(), image, fragment.from, time_ago(fragment.at, now)});
  }
  return fmt::format("{}  {}\n{}{}\n", state.plan.target.familiar(), state.plan.id,
                     render_table(rows), state_line(state));
}

std::string as_json(const std::vector<joins::State>& states) {
  json::Value out;
  out["version"] = 1;
  out["joins"] = json::Value::array();
  for (const auto& state : states) {
    json::Value one;
    one["tag"] = state.plan.target.str();
    one["id"] = state.plan.id;
    one["complete"] = state.is_complete();
    one["published"] = state.is_published;
    if (state.would_be) one["digest"] = state.would_be->digest.str();
    one["platforms"] = json::Value::array();
    for (const auto& slot : state.slots) {
      json::Value entry;
      entry["platform"] = slot.platform.str();
      entry["present"] = slot.fragment.has_value();
      if (slot.fragment) {
        entry["from"] = slot.fragment->from;
        entry["at"] = slot.fragment->at;
      }
      one["platforms"].push_back(std::move(entry));
    }
    out["joins"].push_back(std::move(one));
  }
  return json::dump_pretty(out) + "\n";
}

int finish(registry::Client& client, const joins::Plan& plan, bool partial, const Io& io,
           std::stop_token stop) {
  const joins::State state = joins::settle(client, plan, partial, stop);
  for (const auto& note : state.notes) io.err(fmt::format("slipway: note: {}\n", note));
  if (!state.is_published)
    throw Error(fmt::format("{} lacks {}", plan.target.familiar(),
                            joins::text_of(joins::missing(state.slots))),
                plan.id, "build what is missing, or publish what is there with --finish --partial");
  io.out(fmt::format("{} {}\n", plan.target.familiar(), state_line(state)));
  return 0;
}

}  // namespace

int join_command(const ParsedArgs& args, const Io& io) {
  const std::string format = args.value_or("format", "text");
  if (format != "text" && format != "json")
    throw Error(fmt::format("\"{}\" is none of text, json", format), "--format");
  if (args.flag("finish") && args.flag("abandon"))
    throw Error("--finish and --abandon contradict each other", {}, "leave one of them out");
  if (args.flag("partial") && !args.flag("finish"))
    throw Error("only --finish publishes", "--partial", "add --finish");
  registry::Reference target = registry::parse_reference(args.arguments.at(0));
  if (target.tag.empty())
    throw Error("machines join a tag, not a digest", args.arguments[0], "write REPOSITORY:TAG");
  target.digest = {};
  Signals signals;
  registry::Client client;
  const auto plans = plans_of(args, client, target, signals.token());
  if (args.flag("finish") || args.flag("abandon")) {
    const joins::Plan plan = choose(plans, target.familiar(), io, signals.token());
    if (args.flag("finish")) return finish(client, plan, args.flag("partial"), io, signals.token());
    joins::abandon(client, plan, signals.token());
    io.out(fmt::format("{} {} is abandoned\n", target.familiar(), plan.id));
    return 0;
  }
  std::vector<joins::State> states;
  for (const auto& plan : plans) states.push_back(joins::look(client, plan, signals.token()));
  if (format == "json") {
    io.out(as_json(states));
    return 0;
  }
  const int64_t now = std::time(nullptr);
  for (size_t i = 0; i < states.size(); ++i)
    io.out((i > 0 ? "\n" : "") + as_text(states[i], now));
  return 0;
}

}  // namespace slipway::cli

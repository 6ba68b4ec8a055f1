// Questions about steps. Those about paths are in why_path.cc.
#include "record/why.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"
#include "record/shelf.h"

namespace slipway::record {
namespace {

using Kind = Cause::Kind;

constexpr size_t kShownFiles = 10;
constexpr size_t kShownText = 100;

/// `text` in one line, around the place where it differs from `other`.
std::string shown(std::string text, const std::string& other) {
  std::ranges::replace(text, '\n', ' ');
  if (text.size() <= kShownText) return text;
  const auto [here, there] = std::ranges::mismatch(text, other);
  const auto at = static_cast<size_t>(here - text.begin());
  const size_t from = at > kShownText / 3 ? at - kShownText / 3 : 0;
  std::string out = text.substr(from, kShownText);
  if (from > 0) out = "..." + out;
  if (from + kShownText < text.size()) out += "...";
  return out;
}

std::string in_words(const Difference& one) {
  const bool is_packed = one.label == "command" || one.label == "excludes" ||
                         one.label.starts_with("file ");
  const std::string before = is_packed ? unpacked_words(one.before) : one.before;
  const std::string now = is_packed ? unpacked_words(one.now) : one.now;
  const auto change = [&](const std::string& what) {
    if (one.before.empty())
      return fmt::format("{} is new: \"{}\"", what, shown(now, before));
    if (one.now.empty()) return fmt::format("{} is gone: it was \"{}\"", what, shown(before, now));
    return fmt::format("{} was \"{}\", is \"{}\"", what, shown(before, now), shown(now, before));
  };
  if (one.label.starts_with("env ")) return change("the variable " + one.label.substr(4));
  if (one.label == "parent") return "the step below gave other files";
  if (one.label.starts_with("layer ") || one.label == "layers")
    return one.before.empty()  ? "the base image has one more layer"
           : one.now.empty()   ? "the base image has one layer less"
                               : fmt::format("the base image is another one ({})", one.label);
  if (one.label.starts_with("content ") || one.label.starts_with("mounted content ")) {
    const std::string what =
        one.label.starts_with("mounted") ? "mounted files" : "files of the source";
    if (one.files.empty()) return fmt::format("{} are others ({})", what, one.label);
    return fmt::format("{} changed: {}", what, one.files.size());
  }
  return change("its " + one.label);
}

std::string title(const Step& step) {
  return step.location.empty() ? step.name : fmt::format("{}  ({})", step.name, step.location);
}

std::string seconds(double value) { return fmt::format("{:.1f} s", value); }

std::string cost_of(const Step& step) {
  if (step.cost.wall_seconds <= 0 && step.cost.cpu_seconds <= 0) return {};
  std::string out = fmt::format("it took {}, {} of CPU", seconds(step.cost.wall_seconds),
                                seconds(step.cost.cpu_seconds));
  if (step.cost.emulated_seconds > 0)
    out += fmt::format(", {} of it in an emulator", seconds(step.cost.emulated_seconds));
  return out;
}

/// Why the step is of its platform, and how that was run.
std::string platform_words(const Build& build, const Step& step) {
  if (step.platform.empty()) return {};
  std::string out;
  const bool is_target = std::ranges::find(build.platforms, step.platform) != build.platforms.end();
  if (step.platform == build.build_platform)
    out = fmt::format("{} is the platform of this machine", step.platform);
  else
    out = fmt::format("{} is foreign to this {} machine", step.platform, build.build_platform);
  if (is_target) out += "; an image for it was asked for";
  else out += "; its stage names it in FROM --platform";
  if (step.cost.how == seams::HowRun::Emulated) {
    const auto emulator = build.emulators.find(step.platform);
    out += fmt::format("; it ran under {}", emulator == build.emulators.end() ? "an emulator"
                                                                              : emulator->second);
  } else if (step.cost.how == seams::HowRun::Native) {
    out += "; it ran natively";
  }
  return out;
}

std::vector<std::string> cause_words(const Build& build, const Step& step, const Cause& cause) {
  const std::string since =
      cause.build ? fmt::format(" since the build {}", cause.build->id) : std::string();
  switch (cause.kind) {
    case Kind::NotRun:
      if (!step.imported.empty())
        return {fmt::format("did not run: its result came from {}", step.imported)};
      if (step.state == "cached") return {"did not run: its result was in the store"};
      if (step.kind == "source") return {"is what it was" + since};
      return {"did not run: nothing needed it, or the build ended before"};
    case Kind::AskedFor:
      return {"ran because --no-cache or --no-cache-filter asked for it"};
    case Kind::FirstTime:
      return {"ran because no build that this store remembers had a step like it"};
    case Kind::Lost:
      return {fmt::format("ran because its result, which the build {} had, is not in the store any "
                          "more",
                          cause.build->id)};
    case Kind::Unfinished:
      return {fmt::format("ran because it was not finished in the build {}", cause.build->id)};
    case Kind::Parent:
      return {cause.parent ? fmt::format("ran because the step below it changed{}: {}", since,
                                         title(build.steps[*cause.parent]))
                           : "ran because the files below it changed" + since};
    case Kind::Unknown:
      return {"the record does not say why"};
    case Kind::Changed:
      break;
  }
  std::vector<std::string> out = {(step.kind == "source" ? "changed" : "ran because something changed") +
                                  since + ":"};
  for (const auto& one : cause.differences) {
    out.push_back("  " + in_words(one));
    for (size_t i = 0; i < one.files.size() && i < kShownFiles; ++i)
      out.push_back(fmt::format("    {:<8} {}", name_of(one.files[i].kind), one.files[i].path));
    if (one.files.size() > kShownFiles)
      out.push_back(fmt::format("    and {} more", one.files.size() - kShownFiles));
  }
  return out;
}

json::Value cause_json(const Build& build, size_t at, const Cause& cause) {
  const Step& step = build.steps[at];
  json::Value out = json::Value::object();
  out["name"] = step.name;
  out["location"] = step.location;
  out["platform"] = step.platform;
  out["state"] = step.state;
  if (!step.imported.empty()) out["imported"] = step.imported;
  out["cause"] = name_of(cause.kind);
  if (cause.build) out["comparedWith"] = cause.build->id;
  if (cause.kind == Kind::Parent && cause.parent)
    out["parent"] = {{"name", build.steps[*cause.parent].name},
                     {"location", build.steps[*cause.parent].location}};
  out["differences"] = json::Value::array();
  for (const auto& one : cause.differences) {
    json::Value difference = json::Value::object();
    difference["part"] = one.label;
    difference["before"] = one.before;
    difference["now"] = one.now;
    difference["files"] = json::Value::array();
    for (const auto& file : one.files)
      difference["files"].push_back({{"path", file.path}, {"change", name_of(file.kind)}});
    out["differences"].push_back(std::move(difference));
  }
  out["how"] = step.cost.how == seams::HowRun::Emulated ? "emulated"
               : step.cost.how == seams::HowRun::Native ? "native"
                                                        : "not-run";
  out["wallSeconds"] = step.cost.wall_seconds;
  out["cpuSeconds"] = step.cost.cpu_seconds;
  out["emulatedSeconds"] = step.cost.emulated_seconds;
  return out;
}

/// The step that began the chain that `at` is in: the first below it that changed by itself.
std::optional<size_t> origin_of(const Shelved& shelved, const Cause& cause) {
  std::optional<size_t> at = cause.parent;
  std::set<size_t> seen;
  while (at && seen.insert(*at).second) {
    const Cause below = cause_of(shelved.build, *at, shelved.earlier, shelved.listings);
    if (below.kind != Kind::Parent) return at;
    at = below.parent;
  }
  return std::nullopt;
}

std::string step_text(const Shelved& shelved, size_t at, bool with_details, bool is_alone,
                      json::Value& list) {
  const Build& build = shelved.build;
  const Step& step = build.steps[at];
  const Cause cause = cause_of(build, at, shelved.earlier, shelved.listings);
  json::Value entry = cause_json(build, at, cause);
  std::string out = title(step) + "\n";
  for (const auto& line : cause_words(build, step, cause)) out += "  " + line + "\n";
  if (cause.kind == Kind::Parent)
    if (const auto origin = origin_of(shelved, cause)) {
      const Cause first = cause_of(build, *origin, shelved.earlier, shelved.listings);
      entry["origin"] = cause_json(build, *origin, first);
      // In a list the first of the chain has an entry of its own.
      if (is_alone) {
        out += "  it begins with " + title(build.steps[*origin]) + "\n";
        for (const auto& line : cause_words(build, build.steps[*origin], first))
          out += "    " + line + "\n";
      }
    }
  if (with_details) {
    if (const std::string words = platform_words(build, step); !words.empty())
      out += "  " + words + "\n";
    entry["platformReason"] = platform_words(build, step);
  }
  if (const std::string words = cost_of(step); !words.empty()) out += "  " + words + "\n";
  list.push_back(std::move(entry));
  return out;
}

json::Value head(const Build& build) {
  json::Value out = json::Value::object();
  out["version"] = 1;
  out["build"] = build.id;
  out["steps"] = json::Value::array();
  return out;
}

}  // namespace

Shelved take(const std::string& store_root, const std::string& wanted, size_t most) {
  Shelved out;
  out.build = get(store_root, wanted);
  for (const auto& id : ids(store_root)) {
    if (id >= out.build.id) continue;
    if (out.earlier.size() == most) break;
    out.earlier.push_back(get(store_root, id));
  }
  out.listings = [store_root](const std::string& content) { return get_listing(store_root, content); };
  return out;
}

Answer why_build(const Shelved& shelved) {
  const Build& build = shelved.build;
  json::Value out = head(build);
  std::string text;
  size_t ran = 0;
  for (size_t at = 0; at < build.steps.size(); ++at) {
    const Step& step = build.steps[at];
    if (step.key.key.empty()) continue;
    const Cause cause = cause_of(build, at, shelved.earlier, shelved.listings);
    if (cause.kind == Kind::NotRun && step.imported.empty()) continue;
    if (step.kind == "source" && cause.kind != Kind::Changed) continue;
    if (step.kind != "source" && cause.kind != Kind::NotRun) ++ran;
    text += "\n" + step_text(shelved, at, false, false, out["steps"]);
  }
  out["counted"] = build.counted();
  out["cached"] = build.cached();
  const std::string name = build.names.empty() ? build.context : build.names.front();
  std::string first = fmt::format("build {} of {}: {} of {} steps from the cache\n", build.id, name,
                                  build.cached(), build.counted());
  if (ran == 0) first += "nothing ran that the cache could have saved\n";
  return {first + text, json::dump_pretty(out) + "\n"};
}

std::vector<size_t> steps_of(const Build& build, const std::string& question) {
  std::vector<size_t> out;
  const std::string wanted = to_lower(question);
  const auto collect = [&](const auto& fits) {
    for (size_t i = 0; i < build.steps.size(); ++i)
      if (!build.steps[i].key.key.empty() && fits(build.steps[i])) out.push_back(i);
  };
  if (const auto line = parse_u64(question))
    collect([&](const Step& step) { return step.location.ends_with(fmt::format(":{}", *line)); });
  if (out.empty()) collect([&](const Step& step) { return step.location == question; });
  if (out.empty())
    collect([&](const Step& step) { return to_lower(step.name).find(wanted) != wanted.npos; });
  return out;
}

Answer why_steps(const Shelved& shelved, const std::vector<size_t>& steps) {
  json::Value out = head(shelved.build);
  std::string text;
  for (const size_t at : steps)
    text += (text.empty() ? "" : "\n") + step_text(shelved, at, true, true, out["steps"]);
  return {text, json::dump_pretty(out) + "\n"};
}

}  // namespace slipway::record

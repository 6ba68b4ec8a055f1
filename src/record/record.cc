// Records to JSON and back.
#include "record/record.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "json/json.h"

namespace slipway::record {
namespace {

constexpr int64_t kVersion = 1;

std::string_view name_of(seams::HowRun how) {
  switch (how) {
    case seams::HowRun::NotRun:
      return "not-run";
    case seams::HowRun::Native:
      return "native";
    case seams::HowRun::Emulated:
      return "emulated";
  }
  return "not-run";
}

seams::HowRun how_of(std::string_view name) {
  if (name == "native") return seams::HowRun::Native;
  return name == "emulated" ? seams::HowRun::Emulated : seams::HowRun::NotRun;
}

double number(const json::Value& value, std::string_view key) {
  const json::Value* const found = json::find(value, key);
  return found && found->is_number() ? found->get<double>() : 0;
}

std::vector<std::string> strings(const json::Value& value, std::string_view key) {
  std::vector<std::string> out;
  if (const json::Value* const list = json::find(value, key); list && list->is_array())
    for (const auto& item : *list)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

json::Value step_json(const Step& step) {
  json::Value out;
  out["name"] = step.name;
  out["kind"] = step.kind;
  if (!step.platform.empty()) out["platform"] = step.platform;
  if (!step.location.empty()) out["location"] = step.location;
  out["state"] = step.state;
  out["how"] = name_of(step.cost.how);
  out["wallSeconds"] = step.cost.wall_seconds;
  out["cpuSeconds"] = step.cost.cpu_seconds;
  out["emulatedSeconds"] = step.cost.emulated_seconds;
  for (const auto& cost : step.cost.programs)
    out["programs"].push_back({{"path", cost.program},
                               {"how", seams::how_text(cost)},
                               {"emulated", cost.is_emulated},
                               {"processes", cost.processes},
                               {"cpuSeconds", cost.cpu_seconds}});
  if (!step.cost.shared_with.empty()) out["sharedWith"] = step.cost.shared_with;
  if (!step.cost.note.empty()) out["note"] = step.cost.note;
  if (!step.error.empty()) out["error"] = step.error;
  if (!step.imported.empty()) out["imported"] = step.imported;
  if (step.key.key.empty()) return out;
  out["key"] = step.key.key;
  out["parts"] = json::Value::array();
  for (const auto& [label, value] : step.key.parts)
    out["parts"].push_back({{"label", label}, {"value", value}});
  if (step.key.ignores_cache) out["ignoresCache"] = true;
  if (step.key.reads_context) out["readsContext"] = true;
  return out;
}

Step step_of(const json::Value& value) {
  Step step;
  step.name = json::string_or(value, "name");
  step.kind = json::string_or(value, "kind");
  step.platform = json::string_or(value, "platform");
  step.location = json::string_or(value, "location");
  step.state = json::string_or(value, "state");
  step.error = json::string_or(value, "error");
  step.imported = json::string_or(value, "imported");
  step.key.key = json::string_or(value, "key");
  step.key.ignores_cache = json::bool_or(value, "ignoresCache");
  step.key.reads_context = json::bool_or(value, "readsContext");
  if (const json::Value* const parts = json::find(value, "parts"); parts && parts->is_array())
    for (const auto& part : *parts)
      step.key.parts.emplace_back(json::string_or(part, "label"), json::string_or(part, "value"));
  step.cost.how = how_of(json::string_or(value, "how"));
  step.cost.shared_with = json::string_or(value, "sharedWith");
  step.cost.note = json::string_or(value, "note");
  step.cost.wall_seconds = number(value, "wallSeconds");
  step.cost.cpu_seconds = number(value, "cpuSeconds");
  step.cost.emulated_seconds = number(value, "emulatedSeconds");
  if (const json::Value* const list = json::find(value, "programs"); list && list->is_array())
    for (const auto& item : *list)
      step.cost.programs.push_back(
          {.program = json::string_or(item, "path"),
           .is_emulated = json::bool_or(item, "emulated"),
           .is_twin = json::string_or(item, "how") == "twin",
           .processes = static_cast<uint64_t>(json::int_or_none(item, "processes").value_or(0)),
           .cpu_seconds = number(item, "cpuSeconds")});
  return step;
}

bool counts(const Step& step) {
  return step.kind != "other" && !step.name.starts_with("[internal]") &&
         (step.state == "done" || step.state == "cached" || step.state == "failed");
}

}  // namespace

double Build::cpu_seconds() const {
  double sum = 0;
  for (const auto& step : steps) sum += step.cost.cpu_seconds;
  return sum;
}

double Build::emulated_seconds() const {
  double sum = 0;
  for (const auto& step : steps) sum += step.cost.emulated_seconds;
  return sum;
}

size_t Build::counted() const { return static_cast<size_t>(std::ranges::count_if(steps, counts)); }

size_t Build::cached() const {
  return static_cast<size_t>(std::ranges::count_if(
      steps, [](const Step& step) { return counts(step) && step.state == "cached"; }));
}

std::string to_json(const Build& build) {
  json::Value out;
  out["version"] = kVersion;
  out["id"] = build.id;
  out["started"] = build.started;
  out["wallSeconds"] = build.wall_seconds;
  out["ok"] = build.ok;
  if (!build.error.empty()) out["error"] = build.error;
  out["context"] = build.context;
  if (!build.context_dir.empty()) out["contextDir"] = build.context_dir;
  if (!build.ignore_name.empty())
    out["ignore"] = {{"name", build.ignore_name}, {"text", build.ignore_text}};
  out["dockerfile"] = {{"name", build.dockerfile_name}, {"text", build.dockerfile_text}};
  out["target"] = build.target;
  out["buildPlatform"] = build.build_platform;
  out["platforms"] = build.platforms;
  out["names"] = build.names;
  out["imageBytes"] = build.image_bytes;
  out["contextBytes"] = build.context_bytes;
  out["emulators"] = json::Value::object();
  for (const auto& [platform, emulator] : build.emulators) out["emulators"][platform] = emulator;
  out["steps"] = json::Value::array();
  for (const auto& step : build.steps) out["steps"].push_back(step_json(step));
  return json::dump(out) + "\n";
}

Build from_json(std::string_view text, std::string_view origin) {
  const json::Value value = json::parse(text, origin);
  const auto version = json::int_or_none(value, "version");
  if (!version) throw Error("this is no record of a build", std::string(origin));
  if (*version > kVersion)
    throw Error("this record was written by a newer Slipway", std::string(origin));
  Build build;
  build.id = json::string_or(value, "id");
  build.started = json::int_or_none(value, "started").value_or(0);
  build.wall_seconds = number(value, "wallSeconds");
  build.ok = json::bool_or(value, "ok");
  build.error = json::string_or(value, "error");
  build.context = json::string_or(value, "context");
  if (const json::Value* const file = json::find(value, "dockerfile")) {
    build.dockerfile_name = json::string_or(*file, "name");
    build.dockerfile_text = json::string_or(*file, "text");
  }
  build.context_dir = json::string_or(value, "contextDir");
  if (const json::Value* const file = json::find(value, "ignore")) {
    build.ignore_name = json::string_or(*file, "name");
    build.ignore_text = json::string_or(*file, "text");
  }
  build.image_bytes = static_cast<uint64_t>(json::int_or_none(value, "imageBytes").value_or(0));
  build.context_bytes = static_cast<uint64_t>(json::int_or_none(value, "contextBytes").value_or(0));
  build.target = json::string_or(value, "target");
  build.build_platform = json::string_or(value, "buildPlatform");
  build.platforms = strings(value, "platforms");
  build.names = strings(value, "names");
  if (const json::Value* const all = json::find(value, "emulators"); all && all->is_object())
    for (const auto& [platform, emulator] : all->items())
      if (emulator.is_string()) build.emulators[platform] = emulator.get<std::string>();
  if (const json::Value* const steps = json::find(value, "steps"); steps && steps->is_array())
    for (const auto& step : *steps) build.steps.push_back(step_of(step));
  return build;
}

Programs together(const std::vector<const Step*>& steps, bool emulated_only) {
  std::map<std::tuple<std::string, bool, bool>, seams::ProgramCost> sums;
  for (const Step* const step : steps)
    for (const auto& cost : step->cost.programs) {
      if (emulated_only && !cost.is_emulated) continue;
      seams::ProgramCost& sum = sums[{cost.program, cost.is_emulated, cost.is_twin}];
      sum.program = cost.program;
      sum.is_emulated = cost.is_emulated;
      sum.is_twin = cost.is_twin;
      sum.processes += cost.processes;
      sum.cpu_seconds += cost.cpu_seconds;
    }
  Programs out;
  for (auto& [key, sum] : sums) out.push_back(std::move(sum));
  std::ranges::stable_sort(out, std::ranges::greater{}, &seams::ProgramCost::cpu_seconds);
  return out;
}

}  // namespace slipway::record

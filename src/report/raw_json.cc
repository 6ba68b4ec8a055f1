// The view for programs: BuildKit's SolveStatus (client/graph.go), one JSON object a line, written
// as it happens.
//
//   {"vertexes":[{"digest":..,"inputs":[..],"name":..,"started":..,"completed":..,"cached":..,"error":..}]}
//   {"statuses":[{"id":..,"vertex":..,"total":..,"current":..,"timestamp":..,"started":..,"completed":..}]}
//   {"logs":[{"vertex":..,"stream":1|2,"data":<base64>,"timestamp":..}]}
//   {"warnings":[{"vertex":..,"level":1,"short":<base64>,"detail":[<base64>]}]}
//
// Digests name steps within one build only. Members that are empty are left out, as Go's omitempty
// does. A completed vertex has one member of our own, "slipway": how the step ran and what it cost;
// BuildKit's readers ignore it.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <mutex>

#include "base/text.h"
#include "hash/sha256.h"
#include "json/json.h"
#include "report/history.h"
#include "report/views.h"

namespace slipway::report {
namespace {

/// RFC 3339 in UTC with as many decimals as are needed; a double is good for microseconds today.
std::string timestamp(double seconds) {
  const auto micros = static_cast<int64_t>(std::llround(seconds * 1e6));
  const std::time_t whole = micros / 1000000;
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  if (micros % 1000000) {
    out += fmt::format(".{:06}", micros % 1000000);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + "Z";
}

class RawJson : public seams::Observer {
 public:
  explicit RawJson(Options options) : options_(std::move(options)), history_(options_.clock()) {}

  void on_plan(const std::vector<seams::StepInfo>& steps) override {
    const std::lock_guard lock(mutex_);
    if (steps.empty()) return;
    auto vertexes = json::Value::array();
    for (const auto& step : steps) {
      const StepId id = add(step);
      vertexes.push_back(vertex(id));
    }
    emit("vertexes", std::move(vertexes));
  }

  StepId on_step_added(const seams::StepInfo& step) override {
    const std::lock_guard lock(mutex_);
    const StepId id = add(step);
    emit("vertexes", json::Value::array({vertex(id)}));
    return id;
  }

  void on_started(StepId id) override {
    const std::lock_guard lock(mutex_);
    history_.start(id, options_.clock());
    emit("vertexes", json::Value::array({vertex(id)}));
  }

  void on_output(StepId id, std::string_view bytes, bool is_stderr) override {
    if (bytes.empty()) return;
    const std::lock_guard lock(mutex_);
    json::Value log;
    log["vertex"] = digests_.at(id);
    log["stream"] = is_stderr ? 2 : 1;
    log["data"] = to_base64(bytes);
    log["timestamp"] = timestamp(options_.clock());
    emit("logs", json::Value::array({std::move(log)}));
  }

  void on_progress(StepId id, std::string_view what, uint64_t done, uint64_t total) override {
    const std::lock_guard lock(mutex_);
    const double now = options_.clock();
    const Transfer& transfer = history_.progress(id, what, done, total, now);
    // Ten lines a second and transfer are enough for anybody; the first and the last are always
    // written.
    double& said = transfer_said_[{id, transfer.what}];
    const bool is_first = said == 0;
    if (said < 0 || (!is_first && !transfer.is_complete() && now - said < 0.1)) return;
    said = transfer.is_complete() ? -1 : now;
    emit("statuses", json::Value::array({status(id, transfer, transfer.is_complete())}));
  }

  void on_finished(StepId id, StepState state, const seams::StepCost& cost,
                   std::string_view error) override {
    const std::lock_guard lock(mutex_);
    history_.finish(id, state, cost, error, options_.clock());
    const Step& step = history_.step(id);
    auto open = json::Value::array();
    for (const Transfer& transfer : step.transfers)
      if (!transfer.is_complete()) open.push_back(status(id, transfer, true));
    if (!open.empty()) emit("statuses", std::move(open));
    emit("vertexes", json::Value::array({vertex(id)}));
  }

  void on_warning(std::string_view text, std::string_view location) override {
    const std::lock_guard lock(mutex_);
    json::Value warning;
    // Readers drop warnings of unknown vertexes, so one that belongs to no step is given to the
    // first.
    if (!digests_.empty()) warning["vertex"] = digests_.front();
    warning["level"] = 1;
    warning["short"] = to_base64(text);
    if (!location.empty()) warning["detail"] = json::Value::array({to_base64(location)});
    emit("warnings", json::Value::array({std::move(warning)}));
  }

  void on_check(const seams::CheckWarning& check) override {
    const std::lock_guard lock(mutex_);
    json::Value warning;
    if (!digests_.empty()) warning["vertex"] = digests_.front();
    warning["level"] = 1;
    warning["short"] = to_base64(check.text);
    warning["detail"] = json::Value::array({to_base64(check.description)});
    warning["url"] = check.page;
    warning["sourceInfo"] = {
        {"filename", check.file}, {"data", to_base64(check.source)}, {"language", "Dockerfile"}};
    for (int line = check.line; line <= std::max(check.line, check.end_line); ++line)
      warning["range"].push_back({{"start", {{"line", line}}}, {"end", {{"line", line}}}});
    emit("warnings", json::Value::array({std::move(warning)}));
  }

  void on_end(bool /*ok*/) override {}

 private:
  StepId add(const seams::StepInfo& step) {
    const StepId id = history_.add(step);
    const std::string identity = fmt::format("{}\n{}\n{}", id, step.key, step.name);
    digests_.push_back("sha256:" + hash::sha256_hex(identity));
    return id;
  }

  json::Value vertex(StepId id) const {
    const Step& step = history_.step(id);
    json::Value out;
    out["digest"] = digests_.at(id);
    if (!step.info.inputs.empty()) {
      auto inputs = json::Value::array();
      for (const StepId input : step.info.inputs)
        if (input < digests_.size()) inputs.push_back(digests_[input]);
      out["inputs"] = std::move(inputs);
    }
    out["name"] = step.info.name;
    if (step.state != StepState::Waiting) out["started"] = timestamp(step.started);
    if (!step.is_over()) return out;
    out["completed"] = timestamp(step.finished);
    if (step.state == StepState::Cached) out["cached"] = true;
    if (step.state == StepState::Failed) out["error"] = step.error.empty() ? "failed" : step.error;
    // BuildKit's displays recognise a cancelled step by the end of its error.
    if (step.state == StepState::Cancelled) out["error"] = "context canceled";
    json::Value own;
    own["platform"] = step.info.platform;
    own["how"] = step.cost.how == HowRun::Native     ? "native"
                 : step.cost.how == HowRun::Emulated ? "emulated"
                                                     : "not-run";
    own["cpuSeconds"] = step.cost.cpu_seconds;
    own["emulatedSeconds"] = step.cost.emulated_seconds;
    for (const auto& cost : step.cost.programs)
      own["programs"].push_back({{"path", cost.program},
                                 {"how", seams::how_text(cost)},
                                 {"emulated", cost.is_emulated},
                                 {"processes", cost.processes},
                                 {"cpuSeconds", cost.cpu_seconds}});
    if (!step.cost.shared_with.empty()) own["sharedWith"] = step.cost.shared_with;
    if (!step.cost.note.empty()) own["note"] = step.cost.note;
    out["slipway"] = std::move(own);
    return out;
  }

  json::Value status(StepId id, const Transfer& transfer, bool is_over) const {
    json::Value out;
    out["id"] = transfer.what;
    out["vertex"] = digests_.at(id);
    if (transfer.total) out["total"] = transfer.total;
    out["current"] = transfer.done;
    out["timestamp"] = timestamp(transfer.updated);
    out["started"] = timestamp(transfer.started);
    if (is_over) out["completed"] = timestamp(transfer.updated);
    return out;
  }

  void emit(const char* member, json::Value list) {
    json::Value line;
    line[member] = std::move(list);
    write_best_effort(options_, json::dump(line) + "\n");
  }

  const Options options_;
  std::mutex mutex_;
  History history_;
  std::vector<std::string> digests_;
  std::map<std::pair<StepId, std::string>, double> transfer_said_;  // when; -1 once complete
};

}  // namespace

std::unique_ptr<seams::Observer> make_raw_json(Options options) {
  return std::make_unique<RawJson>(std::move(options));
}

}  // namespace slipway::report

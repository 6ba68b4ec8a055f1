// What the build says while it runs. schedule/ and the rooms below call an Observer; report/ implements it (plain, tty,
// rawjson, quiet); tests use testing/RecordingObserver. Calls may come from any thread; an Observer locks for itself and
// never throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::seams {

/// Index of a step in the list given to on_plan, also for transfers and exports added later with on_step_added.
using StepId = uint32_t;

enum class StepKind { Source, Run, File, Export, Other };
enum class StepState { Waiting, Running, Done, Cached, Failed, Cancelled };
enum class HowRun { NotRun, Native, Emulated };

struct StepInfo {
  std::string name;      // "[linux/arm64 build 3/7] RUN go build", "[internal] load build context", "exporting layers"
  StepKind kind = StepKind::Other;
  std::string platform;  // "linux/arm64"; empty for steps of no platform
  std::string key;       // cache key or digest, may be empty
  std::vector<StepId> inputs;
  std::string location;  // "Dockerfile:12" or empty
};

/// What the processes of one executable used within a step.
struct ProgramCost {
  std::string program;  // its path as the step sees it
  bool is_emulated = false;
  bool is_twin = false;  // a program of this machine ran in place of a foreign one
  uint64_t processes = 0;
  double cpu_seconds = 0;
};

/// "native", "twin" or "emulated", as records and programs say it.
inline std::string how_text(const ProgramCost& cost) {
  return cost.is_emulated ? "emulated" : cost.is_twin ? "twin" : "native";
}

struct StepCost {
  double wall_seconds = 0;
  double cpu_seconds = 0;
  double emulated_seconds = 0;
  HowRun how = HowRun::NotRun;
  std::vector<ProgramCost> programs;  // dearest first; of RUN steps
  std::string shared_with = {};  // name of the step of another platform whose layer stands for this one's: nothing ran
  std::string note = {};         // why that is so, or why it is not although the step is neutral
};

/// What a build check found in the Dockerfile.
struct CheckWarning {
  std::string text;         // "StageNameCasing: Stage name 'A' should be lowercase (line 3)"
  std::string description;  // what the rule says
  std::string page;         // where it is explained
  std::string file, source;  // name and text of the Dockerfile
  int line = 0, end_line = 0;
  std::string excerpt;  // its lines and those around them
};

/// What a step's cache key is made of, for explaining it later.
struct StepKey {
  std::string key;  // 64 hex digits
  std::vector<std::pair<std::string, std::string>> parts;  // label, value
  bool ignores_cache = false;  // asked to run whatever the cache has
  bool reads_context = false;  // COPY or ADD of the build context
};

class Observer {
 public:
  virtual ~Observer() = default;
  /// The steps known at the start, in display order; more may be added.
  virtual void on_plan(const std::vector<StepInfo>& steps) = 0;
  virtual StepId on_step_added(const StepInfo& step) = 0;
  virtual void on_started(StepId step) = 0;
  virtual void on_output(StepId step, std::string_view bytes, bool is_stderr) = 0;
  /// Bytes of a transfer or write of this step; total 0 if unknown. `what` names the part ("sha256:ab12...", "context").
  virtual void on_progress(StepId step, std::string_view what, uint64_t done, uint64_t total) = 0;
  virtual void on_finished(StepId step, StepState state, const StepCost& cost, std::string_view error) = 0;
  /// Once for each step that has one, before on_finished.
  virtual void on_key(StepId /*step*/, const StepKey& /*key*/) {}
  /// The files behind the part `content` of a key (64 hex digits), as record/listing.h writes them. Only when they may
  /// have changed.
  virtual void on_files(std::string_view /*content*/, std::string_view /*listing*/) {}
  /// The step's result came from a cache elsewhere, which `from` names.
  virtual void on_imported(StepId /*step*/, std::string_view /*from*/) {}
  virtual void on_warning(std::string_view text, std::string_view location) = 0;
  virtual void on_check(const CheckWarning& warning) { on_warning(warning.text, ""); }
  /// The end: nothing is called afterwards. `ok` false after a failure or cancellation.
  virtual void on_end(bool ok) = 0;
};

}  // namespace slipway::seams

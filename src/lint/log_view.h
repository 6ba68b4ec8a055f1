// A log of BuildKit or Slipway, plain or rawjson, as its rules see it: the steps of images with
// their platforms and times.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lint/source.h"

namespace slipway::lint {

struct LogStep {
  std::string platform;           // "linux/arm64"; empty if the log names none
  std::string target;             // the architecture that it builds for, where that is another one
  std::string stage;              // may be empty
  std::string index;              // "8/8"
  std::string command;            // "RUN make"
  std::optional<double> seconds;  // wall time; none for a step that was not executed or did not end
  bool was_cached = false;
  bool was_emulated = false;               // Slipway's own logs say so
  std::optional<double> emulated_seconds;  // CPU time under emulation, from them too
  size_t begin = 0, end = 0;               // where the log first names it
};

class LogView {
 public:
  explicit LogView(const SourceFile& file);
  LogView(const LogView&) = delete;

  const SourceFile& file() const { return file_; }
  const std::vector<LogStep>& steps() const { return steps_; }
  /// The platform of the machine: what `given` says; else the left side of labels such as
  /// "linux/amd64->arm64"; else the platform whose steps took less than half of the time of every
  /// other one's. Empty if nothing tells.
  std::string machine(const std::string& given) const;
  /// The same step on another platform.
  const LogStep* twin(const LogStep& step, const std::string& platform) const;

 private:
  void read_plain();
  void read_raw_json();

  const SourceFile& file_;
  std::vector<LogStep> steps_;
};

/// "[linux/arm64 build 2/4] RUN make" into its parts; nullopt for what is no step of an image.
std::optional<LogStep> parse_step_name(std::string_view name);
/// Seconds since 1970 of "2026-01-02T03:04:05.678Z"; nullopt for anything else.
std::optional<double> parse_time(std::string_view text);

}  // namespace slipway::lint

// crun and runc differ in speed (a few against some thirty milliseconds a step) and in the hosts
// they accept; which one works here is found out by the first step that runs, so that no build pays
// for a probe.
#include "exec/runtime.h"

#include <atomic>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

std::atomic<size_t> the_current{0};

}  // namespace

std::vector<std::string> Runtime::command(const std::string& state, const std::string& bundle,
                                          const std::string& log, const std::string& id) const {
  std::vector<std::string> words = {path, "--root", state, "--log", log, "--log-format", "json"};
  if (kind == RuntimeKind::Crun)
    words.insert(words.end(), {"--cgroup-manager", "disabled", "run"});
  else
    words.insert(words.end(), {"run"});
  words.insert(words.end(), {"--bundle", bundle, id});
  return words;
}

const std::vector<Runtime>& installed_runtimes() {
  static const std::vector<Runtime> found = [] {
    std::vector<Runtime> all;
    if (const auto path = os::find_program("crun")) all.push_back({RuntimeKind::Crun, *path});
    if (const auto path = os::find_program("runc")) all.push_back({RuntimeKind::Runc, *path});
    return all;
  }();
  if (found.empty())
    throw Error("no OCI runtime is installed", {}, "install the package crun (or runc)");
  return found;
}

size_t current_runtime() { return the_current; }
void prefer_runtime(size_t index) { the_current = index; }

std::optional<StartFailure> read_runtime_log(std::string_view log) {
  std::optional<StartFailure> failure;
  for (const auto& line : split(log, '\n')) {
    if (trim(line).empty()) continue;
    std::string message;
    try {
      const json::Value entry = json::parse(line, "runtime log");
      const std::string level = json::string_or(entry, "level");
      if (level != "error" && level != "fatal") continue;
      message = json::string_or(entry, "msg");
    } catch (const Error&) {
      message = line;
    }
    failure = StartFailure{message, 0};
  }
  if (!failure) return failure;
  const std::string& text = failure->message;
  const bool is_about_program =
      text.contains("executable file") || text.contains("exec: ") || text.contains("exec `") ||
      text.contains("exec container process") || text.contains("open executable");
  if (is_about_program && (text.contains("not found") || text.contains("no such file") ||
                           text.contains("No such file")))
    failure->exit_code = 127;
  else if (is_about_program && (to_lower(text).contains("permission denied") ||
                                to_lower(text).contains("exec format error") ||
                                to_lower(text).contains("is a directory")))
    failure->exit_code = 126;
  return failure;
}

}  // namespace slipway::exec

// The OCI runtime: which one, its command line, and what its log says about a step that did not
// start.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::exec {

enum class RuntimeKind { Crun, Runc };

struct Runtime {
  RuntimeKind kind = RuntimeKind::Crun;
  std::string path;

  std::string name() const { return kind == RuntimeKind::Crun ? "crun" : "runc"; }
  /// The command that runs `bundle` in the foreground: the runtime's own errors go to bundle/log as
  /// JSON lines, and bundle/pid appears when the container's first process exists.
  std::vector<std::string> command(const std::string& state, const std::string& bundle,
                                   const std::string& id) const;
};

/// The runtimes installed here, best first. Throws Error saying what to install when there is none.
const std::vector<Runtime>& installed_runtimes();

/// The descriptor to execute installed_runtimes()[index] from, any number of times. Thread-safe.
int runtime_program(size_t index);

/// Index into installed_runtimes() of the one that steps start with, and moving on to the next once
/// one has failed to set up a sandbox that the next could. Thread-safe.
size_t current_runtime();
void prefer_runtime(size_t index);

/// What a runtime's log tells about a step that never started.
struct StartFailure {
  std::string message;
  /// 127 when the program was not found, 126 when it could not be executed, as a shell reports it;
  /// 0 for failures of the sandbox itself.
  int exit_code = 0;
};
std::optional<StartFailure> read_runtime_log(std::string_view log);

}  // namespace slipway::exec

// Child processes: run one to its end, with output kept or passed on.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "os/fd.h"

namespace slipway::os {

struct Command {
  std::vector<std::string> argv;                // argv[0] is looked up on PATH unless it has a slash
  std::optional<std::vector<std::string>> env;  // "K=V"; the parent's if absent
  std::string cwd;                              // the parent's if empty
  std::string_view input;                       // given on standard input (which is empty otherwise)
  bool kill_with_parent = true;                 // PR_SET_PDEATHSIG(SIGKILL)
  std::optional<mode_t> umask;                  // the parent's if absent
  bool own_group = false;                       // children of its own are stopped with it
};

struct Finished {
  int status = 0;  // as waitpid gives it
  std::string output;
  std::string errors;
  bool ok() const;
  /// 0-255, or 128 + signal for a killed child, as a shell says it.
  int exit_code() const;
};

/// Runs to the end and keeps stdout and stderr. Throws Error when the program cannot be started, and Cancelled (after
/// SIGTERM, 300 ms later SIGKILL) when `stop` is asked for.
Finished run(const Command& command, std::stop_token stop = {});

/// The full path of `program` on PATH, /usr/local/sbin:/usr/sbin:/sbin included; nullopt when it is nowhere.
std::optional<std::string> find_program(const std::string& program);

}  // namespace slipway::os

// One RUN: an overlay of snapshot directories, a sandbox by an OCI runtime (crun, else runc), the
// process's output, its exit and what it cost. What changed is left in `upper` for layer/diff.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "exec/substitutes.h"
#include "oci/platform.h"

namespace slipway::exec {

struct BindMount {
  std::string source;  // host file or directory; empty for tmpfs
  std::vector<std::string> below;  // directories of the layers below `source`, bottom first: shown
                                   // as one with it
  std::string target;  // absolute path in the container, links not yet resolved
  bool read_only = true;
  bool is_tmpfs = false;
  uint64_t tmpfs_size = 0;  // bytes, 0 = no limit
  /// A read-write bind whose writes are thrown away: an overlay over `source` of its own.
  bool discard_writes = false;
};

enum class Network { Default, None, Host };

struct ResourceLimits {
  std::vector<std::string> ulimits;  // "nofile=1024:2048" as docker's --ulimit
  uint64_t shm_size = 64u << 20;     // bytes
  // With either of these a step gets a cgroup of its own, below `cgroup_parent` (from the root of
  // the hierarchy) or else below the program's.
  std::string cgroup_parent;
  std::map<std::string, std::string> resources;  // docker's --resource keys, memory in bytes
};

struct RunSpec {
  std::string id;       // unique in this process; names scratch directories and the container
  std::string scratch;  // an existing directory of the caller's for bundle and work files; removed
                        // by the caller
  std::vector<std::string> lowers;  // snapshot directories, bottom first; may be empty (scratch)
  std::string upper;                // existing empty directory on the same file system as the store
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "K=V"
  std::string cwd;   // absolute; created by the caller's WORKDIR rules, or here if missing
  std::string user;  // "", "name", "uid", "name:group", "uid:gid"; resolved in the rootfs's passwd
                     // and group
  std::vector<BindMount> mounts;
  Network network = Network::Default;
  bool insecure =
      false;  // --security=insecure: all capabilities of our namespace, no seccomp, writable /sys
  std::string hostname = "buildkitsandbox";
  std::vector<std::pair<std::string, std::string>> extra_hosts;  // name, ip
  oci::Platform platform;
  ResourceLimits limits;
  /// Programs of this machine for foreign ones; needs use_dispatcher(). Outlives the step.
  Substitutes* substitutes = nullptr;
  /// Output as it comes, from one thread; `is_stderr` tells the stream.
  std::function<void(std::string_view bytes, bool is_stderr)> output;
  /// Asked about every half second with the CPU seconds that emulators have used so far; false ends
  /// the step. Empty: never asked.
  std::function<bool(double emulated_seconds)> may_go_on;
};

/// What the processes of one executable used, up to their ends.
struct ProgramCost {
  std::string program;       // its path as the step sees it; of an emulated one, not the emulator's
  bool is_emulated = false;
  bool is_twin = false;      // a substitute ran instead of a foreign program
  uint64_t processes = 0;
  double cpu_seconds = 0;
};

struct RunResult {
  int exit_code = 0;  // 128 + signal when killed by one
  int signal = 0;     // the signal that ended the step's first process, or 0
  bool oom_killed = false;
  bool was_ended = false;  // by RunSpec::may_go_on
  double wall_seconds = 0;
  double cpu_seconds = 0;       // user + system of all processes of the step
  double emulated_seconds = 0;  // the part of it spent in an emulator
  /// Dearest first; the runtime is not among them. Processes killed by a signal are not counted
  /// here; empty where processes could not be watched.
  std::vector<ProgramCost> programs;
};

/// Runs to the end. A non-zero exit is a result, not an Error. Throws Error when the sandbox cannot
/// be set up, Cancelled within a second of `stop` with nothing left running or mounted. Mount
/// points that had to be made in the root file system (proc, resolv.conf, mount targets) are
/// removed from `upper` again when they stayed empty.
RunResult run_step(const RunSpec& spec, std::stop_token stop);

/// The runtime that run_step uses, chosen once per process by trying: "crun 1.8.1", "runc 1.1.5".
/// Throws Error with what to install when none works here.
std::string runtime_description();

/// uid, gid and supplementary groups of a Dockerfile USER or --chown value from the text of passwd
/// and group files.
struct Ids {
  uint32_t uid = 0, gid = 0;
  std::vector<uint32_t> groups;
  std::string home;
};
/// Throws Error "no user X in /etc/passwd of the image" with a hint. `for_chown`: a number alone
/// gives gid = uid, whether or not passwd knows it (docker's COPY --chown rule), instead of
/// passwd's gid or else 0; no supplementary groups.
Ids resolve_user(std::string_view user, std::string_view passwd, std::string_view group,
                 bool for_chown);

}  // namespace slipway::exec

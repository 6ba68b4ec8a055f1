// One RUN, as a sequence: root file system, ids, mounts, config.json, runtime, output until the
// end. Nothing here touches state of the process (working directory, umask, children of others), so
// any number of steps run side by side.
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "exec/attempt.h"
#include "exec/bundle.h"
#include "exec/cgroup.h"
#include "exec/container_config.h"
#include "exec/ground.h"
#include "exec/output_pump.h"
#include "exec/rootfs.h"
#include "exec/run.h"
#include "exec/runtime.h"
#include "exec/step_mounts.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> with_home(std::vector<std::string> env, const std::string& home) {
  const auto is_home = [](const std::string& entry) { return entry.starts_with("HOME="); };
  if (std::none_of(env.begin(), env.end(), is_home)) env.push_back("HOME=" + home);
  return env;
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// How many processes the kernel has killed for want of memory since it started.
uint64_t oom_kills() {
  for (const auto& line : split(os::read_file_if_exists("/proc/vmstat").value_or(""), '\n'))
    if (line.starts_with("oom_kill ")) return parse_u64(line.substr(9)).value_or(0);
  return 0;
}

/// The step's own programs, without the runtime, which may run from a copy in memory.
std::vector<ProgramCost> without_runtime(std::vector<ProgramCost> all, const std::string& runtime) {
  std::erase_if(all, [&](const ProgramCost& cost) {
    return cost.program == runtime || cost.program.starts_with("/memfd:");
  });
  return all;
}

/// Without a meter all of a foreign step counts as emulated, which is nearly right.
double emulated_seconds(const Attempt& attempt, const oci::Platform& platform, double cpu_seconds) {
  double sum = 0;
  bool has_twins = false;
  for (const auto& cost : attempt.programs) {
    sum += cost.is_emulated ? cost.cpu_seconds : 0;
    has_twins |= cost.is_twin;
  }
  if (attempt.is_metered && (sum > 0 || has_twins)) return std::min(sum, cpu_seconds);
  return oci::runs_natively(oci::host_platform(), platform) ? 0 : cpu_seconds;
}

/// What one attempt came to.
struct Outcome {
  int exit_code = 0;
  std::string message;  // of the runtime, when the step's program did not run
  /// The sandbox could not be set up, and nothing of the step has run: another runtime may try.
  bool may_try_again = false;
};

Outcome judge(const Attempt& attempt, const Bundle& bundle) {
  Outcome outcome;
  outcome.exit_code =
      WIFSIGNALED(attempt.status) ? 128 + WTERMSIG(attempt.status) : WEXITSTATUS(attempt.status);
  if (outcome.exit_code == 0) return outcome;
  const auto failure = read_runtime_log(os::read_file_if_exists(bundle.file("log")).value_or(""));
  if (!failure) return outcome;
  outcome.message = failure->message;
  if (failure->exit_code != 0) {
    outcome.exit_code = failure->exit_code;
    return outcome;
  }
  outcome.may_try_again = !os::exists(bundle.file("pid"));
  if (!outcome.may_try_again) throw sandbox_error(failure->message);
  return outcome;
}

/// Substitutes know the root of the step as long as it is there.
class SubstitutesGuard {
 public:
  SubstitutesGuard(Substitutes* substitutes, int root) : substitutes_(substitutes) {
    if (substitutes_) substitutes_->begin(root);
  }
  SubstitutesGuard(const SubstitutesGuard&) = delete;
  ~SubstitutesGuard() {
    if (substitutes_) substitutes_->end();
  }

 private:
  Substitutes* const substitutes_;
};

}  // namespace

RunResult run_step(const RunSpec& spec, std::stop_token stop) {
  CHECK(!spec.argv.empty());
  const auto begin = Clock::now();
  const StopEvent stop_event(stop);
  const StepCgroup cgroup(spec.id, spec.limits);
  const uint64_t oom_before = oom_kills();
  const Bundle bundle;
  const std::vector<BindMount> wanted = by_depth(spec.mounts);
  const std::vector<MountPoint> points = mount_points(wanted);
  RootfsSpec layers{
      spec.lowers,
      spec.upper,
      spec.scratch,
      {{"/proc"}, {"/dev"}, {"/sys"}, {"/etc/hosts", false}, {"/etc/resolv.conf", false}}};
  layers.mount_points.insert(layers.mount_points.end(), points.begin(), points.end());
  const Rootfs rootfs(layers);
  if (!spec.cwd.empty()) rootfs.make_dirs(spec.cwd);

  ContainerConfig config = ground_config(bundle);
  config.ids = resolve_user(spec.user, rootfs.read_file("/etc/passwd"),
                            rootfs.read_file("/etc/group"), false);
  if (config.mapping == IdMapping::Single && (config.ids.uid != 0 || config.ids.gid != 0))
    throw Error(fmt::format("the step is to run as {}:{}, but only root is mapped here",
                            config.ids.uid, config.ids.gid),
                {}, ground().ns.note);
  config.env = with_home(spec.env, config.ids.home);
  StepMounts mounts = prepare_mounts(spec, wanted, points, bundle);
  config.mounts = mounts.config;
  mounts.attach.insert(mounts.attach.begin(), {rootfs.mount(), config.rootfs});
  const SubstitutesGuard substitutes(spec.substitutes, rootfs.mount());
  if (spec.substitutes) {
    const std::string place = bundle.make_place("twin", true);
    mounts.attach.emplace_back(spec.substitutes->mount(), place);
    for (const auto& [from, to] : spec.substitutes->shown())
      config.mounts.push_back({place + from, to, 0, {"ro", "nosuid", "nodev"}});
  }

  std::string first_failure;
  for (size_t index = current_runtime(); index < installed_runtimes().size(); ++index) {
    if (stop.stop_requested()) throw Cancelled();
    const Attempt attempt = run_bundle(index, bundle, spec, config, mounts.attach,
                                       cgroup.entrances(), rootfs.mount(), stop_event);
    if (attempt.stopped) throw Cancelled();
    const Outcome outcome = judge(attempt, bundle);
    if (outcome.may_try_again) {
      if (first_failure.empty()) first_failure = outcome.message;
      continue;
    }
    const std::string last_words =
        outcome.message.empty() ? attempt.held_errors : outcome.message + "\n";
    if (spec.output && !last_words.empty()) spec.output(last_words, true);
    if (!first_failure.empty()) prefer_runtime(index);
    RunResult result;
    result.exit_code = outcome.exit_code;
    result.was_ended = attempt.was_ended;
    result.signal =
        result.exit_code > 128 && result.exit_code <= 128 + 64 ? result.exit_code - 128 : 0;
    // Without a cgroup of its own, a kill anywhere on the host while it ran is the best guess.
    result.oom_killed =
        result.signal == SIGKILL && (cgroup.was_oom_killed() || oom_kills() > oom_before);
    result.cpu_seconds = seconds(attempt.usage.ru_utime) + seconds(attempt.usage.ru_stime);
    result.programs = without_runtime(attempt.programs, installed_runtimes()[index].path);
    result.emulated_seconds = emulated_seconds(attempt, spec.platform, result.cpu_seconds);
    result.wall_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return result;
  }
  throw sandbox_error(first_failure);
}

}  // namespace slipway::exec

// One RUN, as a sequence: root file system, ids, mounts, config.json, runtime, output until the
// end. Nothing here touches state of the process (working directory, umask, children of others), so
// any number of steps run side by side.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "exec/container_config.h"
#include "exec/etc_files.h"
#include "exec/ground.h"
#include "exec/launch.h"
#include "exec/mounts.h"
#include "exec/rootfs.h"
#include "exec/run.h"
#include "exec/runtime.h"
#include "os/fd.h"
#include "os/fs.h"

namespace slipway::exec {
namespace {

using Clock = std::chrono::steady_clock;

/// Where runtimes keep what they know of running containers.
std::string state_directory() { return ground().private_dir + "/runtime"; }

/// A directory of the private tmpfs with what the runtime reads; goes with the step.
class Bundle {
 public:
  Bundle() {
    static std::atomic<unsigned> counter{0};
    id_ = fmt::format("step{}", counter++);
    path_ = ground().private_dir + "/" + id_;
    os::make_dirs(path_ + "/rootfs");
  }
  Bundle(const Bundle&) = delete;
  ~Bundle() {
    try {
      os::remove_tree(path_);
      // What a runtime that was killed could not remove itself.
      os::remove_tree(state_directory() + "/" + id_);
    } catch (const Error&) {
      // A few bytes of a tmpfs that goes with the process.
    }
  }
  const std::string& id() const { return id_; }
  std::string file(std::string_view name) const { return fmt::format("{}/{}", path_, name); }
  const std::string& path() const { return path_; }
  void write(std::string_view name, std::string_view text) const {
    os::write_all(os::open_file(file(name), O_WRONLY | O_CREAT | O_TRUNC).get(), text);
  }
  /// A place to attach a mount on.
  std::string make_place(std::string_view name, bool is_directory) const {
    std::string place = file(name);
    if (is_directory)
      os::make_dirs(place);
    else
      os::open_file(place, O_WRONLY | O_CREAT);
    return place;
  }

 private:
  std::string id_, path_;
};

/// What the runtime gets besides the root file system: detached mounts, and the lines of
/// config.json that bind them.
struct Mounts {
  std::vector<os::UniqueFd> owned;
  std::vector<std::pair<int, std::string>> attach;
  std::vector<ConfigMount> config;

  void add(os::UniqueFd mount, std::string place, std::string target) {
    attach.emplace_back(mount.get(), place);
    config.push_back({std::move(place), std::move(target), 0, mount_flags(mount.get())});
    owned.push_back(std::move(mount));
  }
};

/// A view of `source` that may be written to without a trace.
os::UniqueFd scratch_copy(const std::string& source, bool is_directory, const std::string& work) {
  os::make_dirs(work);
  if (!is_directory) {
    const std::string copy = work + "/file";
    const os::UniqueFd from = os::open_file(source, O_RDONLY);
    struct stat st{};
    if (::fstat(from.get(), &st) != 0) throw errno_error("inspect", source);
    const os::UniqueFd to = os::open_file(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    os::copy_bytes(from.get(), to.get());
    if (::fchown(to.get(), st.st_uid, st.st_gid) != 0 && errno != EINVAL && errno != EPERM)
      throw errno_error("change the owner of", copy);
    if (::fchmod(to.get(), st.st_mode & 07777) != 0) throw errno_error("change the mode of", copy);
    return clone_mount(copy, ReadOnly::No);
  }
  const std::string upper = work + "/upper";
  os::make_dirs(upper);
  copy_directory_attributes(os::open_file(source, O_RDONLY | O_DIRECTORY).get(), upper);
  return overlay_mount({{source}, upper, work});
}

Mounts prepare_mounts(const RunSpec& spec, const std::vector<BindMount>& wanted,
                      const std::vector<MountPoint>& points, const Bundle& bundle) {
  Mounts mounts;
  bundle.write("hosts", hosts_file(spec.hostname, spec.extra_hosts));
  bundle.write("resolv.conf", os::read_file_if_exists("/etc/resolv.conf").value_or(""));
  for (const std::string name : {"hosts", "resolv.conf"})
    mounts.add(clone_mount(bundle.file(name), ReadOnly::Yes), bundle.make_place("m-" + name, false),
               "/etc/" + name);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const BindMount& item = wanted[i];
    if (item.is_tmpfs) {
      mounts.config.push_back({{}, item.target, item.tmpfs_size, {}});
      continue;
    }
    const std::string place = bundle.make_place(fmt::format("m{}", i), points[i].is_directory);
    if (item.discard_writes && !item.read_only)
      mounts.add(scratch_copy(item.source, points[i].is_directory,
                              fmt::format("{}/discard{}", spec.scratch, i)),
                 place, item.target);
    else
      mounts.add(clone_mount(item.source, item.read_only ? ReadOnly::Yes : ReadOnly::No), place,
                 item.target);
  }
  return mounts;
}

/// Outer mounts first; mounts of one depth as given.
std::vector<BindMount> by_depth(std::vector<BindMount> mounts) {
  for (auto& item : mounts) item.target = os::clean_path(item.target);
  std::stable_sort(mounts.begin(), mounts.end(), [](const BindMount& a, const BindMount& b) {
    return std::count(a.target.begin(), a.target.end(), '/') <
           std::count(b.target.begin(), b.target.end(), '/');
  });
  return mounts;
}

std::vector<MountPoint> mount_points(const std::vector<BindMount>& mounts) {
  std::vector<MountPoint> points;
  for (const auto& item : mounts) {
    CHECK(item.target.starts_with('/') && item.target != "/");
    points.push_back({item.target, item.is_tmpfs || os::is_directory(item.source)});
  }
  return points;
}

std::vector<std::string> with_home(std::vector<std::string> env, const std::string& home) {
  const auto is_home = [](const std::string& entry) { return entry.starts_with("HOME="); };
  if (std::none_of(env.begin(), env.end(), is_home)) env.push_back("HOME=" + home);
  return env;
}

/// Says that somebody asked to stop, as a descriptor that poll sees.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, [this] {
          const uint64_t one = 1;
          [[maybe_unused]] const ssize_t n = ::write(event_.get(), &one, sizeof one);
        }) {}
  int fd() const { return event_.get(); }

 private:
  os::UniqueFd event_;
  std::stop_callback<std::function<void()>> callback_;
};

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw errno_error("create a pipe");
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
  os::UniqueFd read, write;
};

struct Attempt {
  int status = 0;  // waitpid's
  rusage usage{};
  bool stopped = false;
  std::string held_errors;  // stderr from before the step's own program ran: what the runtime said
};

/// Passes output on until the runtime has ended and both pipes are dry.
class OutputPump {
 public:
  OutputPump(const RunSpec& spec, os::UniqueFd out, os::UniqueFd err, std::string started_file)
      : spec_(spec),
        out_(std::move(out)),
        err_(std::move(err)),
        started_file_(std::move(started_file)) {}

  Attempt run(Running& running, const StopEvent& stop) {
    Attempt attempt;
    bool ended = false;
    while (out_ || err_ || !ended) {
      std::array<pollfd, 4> fds = {{{out_.get(), POLLIN, 0},
                                    {err_.get(), POLLIN, 0},
                                    {ended ? -1 : running.pidfd(), POLLIN, 0},
                                    {attempt.stopped ? -1 : stop.fd(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), held_.empty() ? -1 : 20) < 0 && errno != EINTR)
        throw errno_error("wait for the step");
      if (fds[3].revents) {
        attempt.stopped = true;
        running.kill();
      }
      if (fds[0].revents) pass_on(out_, false);
      if (fds[1].revents) pass_on(err_, true);
      release_held();
      if (fds[2].revents) {
        attempt.status = running.wait(attempt.usage);
        ended = true;
      }
    }
    attempt.held_errors = std::move(held_);
    return attempt;
  }

 private:
  void pass_on(os::UniqueFd& from, bool is_stderr) {
    const size_t n = os::read_some(from.get(), buffer_);
    if (n == 0) {
      from.reset();
      return;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(buffer_.data()), n);
    if (is_stderr && !has_started_)
      held_.append(bytes);
    else if (spec_.output)
      spec_.output(bytes, is_stderr);
    if (held_.size() > sizeof buffer_) has_started_ = true;  // no runtime says that much
  }
  /// The runtime's own complaints share stderr with the step; until it has written the pid file
  /// they are kept back.
  void release_held() {
    if (held_.empty() || !(has_started_ = has_started_ || os::exists(started_file_))) return;
    if (spec_.output) spec_.output(held_, true);
    held_.clear();
  }

  const RunSpec& spec_;
  os::UniqueFd out_, err_;
  std::string started_file_, held_;
  bool has_started_ = false;
  std::array<uint8_t, 32 * 1024> buffer_{};
};

Attempt attempt_with(size_t runtime_index, const RunSpec& spec, const Bundle& bundle,
                     const Rootfs& rootfs, const Mounts& mounts, const StopEvent& stop) {
  // A mount can be attached once; every attempt gets copies.
  std::vector<os::UniqueFd> copies;
  Launch what;
  const Runtime& runtime = installed_runtimes()[runtime_index];
  what.program = runtime_program(runtime_index);
  what.argv = runtime.command(state_directory(), bundle.path(), bundle.file("log"), bundle.id());
  what.argv.insert(what.argv.end() - 1, {"--pid-file", bundle.file("pid")});
  const char* path = std::getenv("PATH");
  what.env = {fmt::format("PATH={}", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin")};
  const auto attach = [&](int mount, const std::string& place) {
    copies.push_back(copy_mount(mount));
    what.mounts.emplace_back(copies.back().get(), place);
  };
  attach(rootfs.mount(), bundle.file("rootfs"));
  for (const auto& [mount, place] : mounts.attach) attach(mount, place);
  what.hide_cgroups = runtime.kind == RuntimeKind::Crun;
  Pipe out, err;
  what.output = out.write.get();
  what.errors = err.write.get();
  Running running = launch(what);
  copies.clear();
  out.write.reset();
  err.write.reset();
  return OutputPump(spec, std::move(out.read), std::move(err.read), bundle.file("pid"))
      .run(running, stop);
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

}  // namespace

RunResult run_step(const RunSpec& spec, std::stop_token stop) {
  CHECK(!spec.argv.empty());
  const auto begin = Clock::now();
  const StopEvent stop_event(stop);
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

  ContainerConfig config;
  config.rootfs = bundle.file("rootfs");
  config.sys_dir = ground().sys_dir;
  config.mapping = ground().ns.mapping;
  config.ids = resolve_user(spec.user, rootfs.read_file("/etc/passwd"),
                            rootfs.read_file("/etc/group"), false);
  if (ground().ns.mapping == IdMapping::Single && (config.ids.uid != 0 || config.ids.gid != 0))
    throw Error(fmt::format("the step is to run as {}:{}, but only root is mapped here",
                            config.ids.uid, config.ids.gid),
                {}, ground().ns.note);
  config.env = with_home(spec.env, config.ids.home);
  Mounts mounts = prepare_mounts(spec, wanted, points, bundle);
  config.mounts = mounts.config;
  bundle.write("config.json", container_config(spec, config));

  const auto& runtimes = installed_runtimes();
  std::optional<StartFailure> first_failure;
  for (size_t index = current_runtime(); index < runtimes.size(); ++index) {
    if (stop.stop_requested()) throw Cancelled();
    const Attempt attempt = attempt_with(index, spec, bundle, rootfs, mounts, stop_event);
    if (attempt.stopped) throw Cancelled();
    RunResult result;
    if (WIFSIGNALED(attempt.status))
      result.exit_code = 128 + WTERMSIG(attempt.status);
    else
      result.exit_code = WEXITSTATUS(attempt.status);
    if (result.exit_code != 0) {
      if (const auto failure =
              read_runtime_log(os::read_file_if_exists(bundle.file("log")).value_or(""))) {
        if (failure->exit_code == 0) {
          if (!first_failure) first_failure = failure;
          for (const char* leftover : {"log", "pid"}) ::unlink(bundle.file(leftover).c_str());
          continue;
        }
        result.exit_code = failure->exit_code;
        if (spec.output) spec.output(failure->message + "\n", true);
      } else if (spec.output && !attempt.held_errors.empty()) {
        spec.output(attempt.held_errors, true);
      }
    } else if (spec.output && !attempt.held_errors.empty()) {
      spec.output(attempt.held_errors, true);
    }
    if (first_failure) prefer_runtime(index);
    result.signal =
        result.exit_code > 128 && result.exit_code <= 128 + 64 ? result.exit_code - 128 : 0;
    result.oom_killed = result.signal == SIGKILL && oom_kills() > oom_before;
    result.cpu_seconds = seconds(attempt.usage.ru_utime) + seconds(attempt.usage.ru_stime);
    if (!oci::runs_natively(oci::host_platform(), spec.platform))
      result.emulated_seconds = result.cpu_seconds;
    result.wall_seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return result;
  }
  throw Error("cannot start the sandbox of the step: " + first_failure->message, {},
              "run slipway as root, or with user namespaces and one of crun and runc working: try "
              "`podman run` here");
}

}  // namespace slipway::exec

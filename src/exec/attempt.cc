// Command line, pipes and mounts of one run; trying the runtimes with a container that does next to
// nothing.
#include "exec/attempt.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "exec/devices.h"
#include "exec/foreign.h"
#include "exec/ground.h"
#include "exec/launch.h"
#include "exec/mounts.h"
#include "exec/runtime.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw errno_error("create a pipe");
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
  os::UniqueFd read, write;
};

/// Whether a step can have a /proc of its own. Not where an outer container covers parts of /proc:
/// the kernel does not let us uncover them by mounting another.
std::atomic<bool> is_proc_ours{true};

Running start(size_t runtime_index, const Bundle& bundle,
              const std::vector<std::pair<int, std::string>>& mounts,
              const std::vector<int>& cgroups, bool own_proc, int output, int errors, int meter) {
  const Runtime& runtime = installed_runtimes()[runtime_index];
  Launch what;
  what.program = runtime_program(runtime_index);
  what.argv = runtime.command(Bundle::state_directory(), bundle.path(), bundle.id());
  const char* path = std::getenv("PATH");
  what.env = {fmt::format("PATH={}", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin")};
  what.cgroups = cgroups;
  what.meter = meter;
  what.own_proc = own_proc;
  what.hide_cgroups = runtime.kind == RuntimeKind::Crun;
  // An empty pipe rather than /dev/null: runtimes give the standard streams to the user of the step
  // by chown.
  Pipe input;
  what.input = input.read.get();
  input.write.reset();
  what.output = output;
  what.errors = errors;
  std::vector<os::UniqueFd> owned;
  const auto attach = [&](os::UniqueFd mount, std::string place) {
    what.mounts.emplace_back(mount.get(), std::move(place));
    owned.push_back(std::move(mount));
  };
  for (const auto& [mount, place] : mounts) attach(copy_mount(mount), place);
  const std::string dev = bundle.make_place("dev", true);
  attach(dev_mount(ground().devices), dev);
  for (const auto& device : ground().devices)
    attach(copy_mount(device.mount.get()), dev + "/" + device.name);
  return launch(what);
}

}  // namespace

ContainerConfig ground_config(const Bundle& bundle) {
  ContainerConfig config;
  config.rootfs = bundle.file("rootfs");
  config.sys_dir = ground().sys_dir;
  config.dev_dir = bundle.file("dev");
  config.mapping = ground().ns.mapping;
  return config;
}

Attempt run_bundle(size_t runtime, const Bundle& bundle, const RunSpec& spec,
                   ContainerConfig config, const std::vector<std::pair<int, std::string>>& mounts,
                   const std::vector<int>& cgroups, int root, const StopEvent& stop) {
  const Dispatch dispatch(spec.substitutes, root);
  for (const char* leftover : {"log", "pid"}) ::unlink(bundle.file(leftover).c_str());
  while (true) {
    config.own_proc = is_proc_ours;
    bundle.write("config.json", container_config(spec, config));
    Pipe out, err;
    Meter meter(dispatch);
    try {
      Running running = start(runtime, bundle, mounts, cgroups, config.own_proc, out.write.get(),
                              err.write.get(), spec.insecure ? -1 : meter.child_socket());
      out.write.reset();
      err.write.reset();
      meter.take_listener();
      OutputPump pump(spec.output, std::move(out.read), std::move(err.read), bundle.file("pid"));
      pump.ask(spec.may_go_on);
      return pump.run(running, meter, stop);
    } catch (const ProcIsHidden&) {
      CHECK(config.own_proc);
      is_proc_ours = false;
    }
  }
}

Error sandbox_error(std::string_view runtime_message) {
  return Error(fmt::format("cannot start the sandbox of the step: {}", runtime_message), {},
               "the OCI runtime refused: see whether it works here at all with `podman run`, and "
               "try the other one of "
               "crun and runc");
}

std::string runtime_description() {
  const ForeignArch* own = foreign_arch(oci::host_platform());
  std::string first_failure;
  for (size_t index = current_runtime(); index < installed_runtimes().size(); ++index) {
    const Runtime& runtime = installed_runtimes()[index];
    if (own) {
      // A container whose root holds nothing but a program of one page.
      const Bundle bundle;
      const std::string program = bundle.file("rootfs/probe");
      os::write_all(os::open_file(program, O_WRONLY | O_CREAT, 0755).get(), probe_executable(*own));
      RunSpec spec;
      spec.argv = {"/probe"};
      const Attempt attempt =
          run_bundle(index, bundle, spec, ground_config(bundle), {}, {}, -1, StopEvent({}));
      if (!WIFEXITED(attempt.status) || WEXITSTATUS(attempt.status) != kProbeExitCode) {
        if (first_failure.empty()) first_failure = trim(attempt.held_errors);
        continue;
      }
    }
    prefer_runtime(index);
    // "crun version 1.8.1", "runc version 1.1.5+ds1"
    const std::string says = os::run({.argv = {runtime.path, "--version"}}).output;
    const auto words = split(says.substr(0, says.find('\n')), ' ');
    return runtime.name() + " " + words.back();
  }
  throw sandbox_error(first_failure);
}

}  // namespace slipway::exec

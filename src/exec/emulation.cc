// QEMU for foreign programs, registered in a binfmt_misc instance that belongs to our user
// namespace (Linux 6.7): nothing on the host is changed, and the registration goes with the last
// process of the build.
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "exec/emulators.h"
#include "exec/foreign.h"
#include "exec/ground.h"
#include "exec/sandbox.h"
#include "os/fd.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway {
extern const unsigned char dispatcher_bytes[];
extern const std::size_t dispatcher_bytes_size;
}  // namespace slipway

namespace slipway::exec {
namespace {

constexpr char kUsualPlace[] = "/proc/sys/fs/binfmt_misc";

/// Where the private instance is mounted once it is; and why it could not be, else.
struct Instance {
  std::string directory;
  int error = 0;
};

const Instance& private_instance() {
  static const Instance instance = [] {
    Instance made;
    made.directory = ground().private_dir + "/binfmt_misc";
    os::make_dirs(made.directory);
    if (::mount("binfmt_misc", made.directory.c_str(), "binfmt_misc",
                MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
      made.error = errno;
    return made;
  }();
  return instance;
}

std::string start_of_file(const std::string& path) {
  const os::UniqueFd fd = os::open_file(path, O_RDONLY);
  std::string start(4096, '\0');
  start.resize(
      os::read_some(fd.get(), std::span(reinterpret_cast<uint8_t*>(start.data()), start.size())));
  return start;
}

const char* const kInstallHint =
    "install the package qemu-user-static, or name a static emulator in SLIPWAY_QEMU_<ARCH>, such "
    "as "
    "SLIPWAY_QEMU_AARCH64=/opt/qemu-aarch64-static";

/// The static emulators that may be registered, the first one at first: from the environment
/// (several with ":" between them), else qemu-<arch>-static or qemu-<arch> on PATH.
std::vector<std::string> find_emulators(const ForeignArch& arch) {
  const std::string variable = "SLIPWAY_QEMU_" + to_upper(arch.machine);
  if (const char* named = std::getenv(variable.c_str()); named && *named) {
    std::vector<std::string> paths;
    for (const auto& one : split(named, ':')) {
      if (one.empty()) continue;
      paths.push_back(os::absolute_path(std::string(one)));
      if (::access(paths.back().c_str(), X_OK) != 0)
        throw errno_error("use the emulator of " + variable, paths.back());
      if (needs_interpreter(start_of_file(paths.back())).value_or(true))
        throw Error(fmt::format("{} names a program that is not statically linked", variable),
                    paths.back(), kInstallHint);
    }
    if (!paths.empty()) return paths;
  }
  std::string unusable;
  for (const char* suffix : {"-static", ""}) {
    const auto path = os::find_program(fmt::format("qemu-{}{}", arch.machine, suffix));
    if (!path) continue;
    if (!needs_interpreter(start_of_file(*path)).value_or(true)) return {*path};
    unusable = *path;
  }
  if (!unusable.empty())
    throw Error(
        fmt::format("{} is not statically linked: it would not find its libraries in an image",
                    unusable),
        {}, kInstallHint);
  throw Error(fmt::format("there is no emulator for {} programs here", arch.machine), {},
              kInstallHint);
}

std::string version_of(const std::string& emulator) {
  const os::Finished done = os::run({.argv = {emulator, "--version"}});
  return done.output.substr(0, done.output.find('\n'));
}

/// Whether the kernel now runs programs of `arch`, by whatever registration.
bool probe(const ForeignArch& arch) {
  const std::string path = ground().private_dir + "/probe-" + std::string(arch.machine);
  os::write_all(os::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0700).get(),
                probe_executable(arch));
  bool works = false;
  try {
    works = os::run({.argv = {path}}).exit_code() == kProbeExitCode;
  } catch (const Error&) {
    // "Exec format error": nobody feels responsible.
  }
  ::unlink(path.c_str());
  return works;
}

/// In place of the one before, if there was one.
void register_emulator(const ForeignArch& arch, const std::string& emulator) {
  const std::string line = binfmt_registration(arch, emulator);
  const std::string entry =
      fmt::format("{}/slipway-{}", private_instance().directory, arch.machine);
  if (os::exists(entry)) os::write_all(os::open_file(entry, O_WRONLY).get(), std::string_view("-1"));
  const os::UniqueFd fd = os::open_file(private_instance().directory + "/register", O_WRONLY);
  if (::write(fd.get(), line.data(), line.size()) < 0)
    throw errno_error("register the emulator", emulator);
}

/// The host's own registration that made the probe succeed, as far as it can be seen.
Emulator host_emulator(const ForeignArch& arch) {
  Emulator found{"", "registered on the host"};
  const std::string text =
      os::read_file_if_exists(fmt::format("{}/qemu-{}", kUsualPlace, arch.machine)).value_or("");
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("interpreter ")) found.path = line.substr(12);
    // Without F the kernel looks for the emulator inside the image.
    if (line.starts_with("flags: ") && !line.contains('F'))
      throw Error(fmt::format("the host's registration for {} programs does not work inside "
                              "images: it lacks the flag F",
                              arch.machine),
                  std::string(kUsualPlace) + "/qemu-" + std::string(arch.machine),
                  "install the package qemu-user-static on the host, or use Linux 6.7 or newer, "
                  "where slipway registers "
                  "an emulator of its own");
  }
  if (os::exists(found.path)) found.version = version_of(found.path);
  return found;
}

Error no_registration(const ForeignArch& arch) {
  const int error = private_instance().error;
  if (error == ENODEV)
    return Error("this kernel has no binfmt_misc, which runs programs of other architectures", {},
                 "load it on the host: modprobe binfmt_misc");
  return Error(fmt::format("cannot run {} programs: this kernel does not let a user namespace "
                           "register an emulator, and "
                           "the host has none registered",
                           arch.machine),
               {},
               "use Linux 6.7 or newer, or register QEMU on the host: install the packages "
               "qemu-user-static and "
               "binfmt-support");
}

Emulator enable(const ForeignArch& arch, const std::string& path) {
  register_emulator(arch, path);
  if (!probe(arch))
    throw Error(fmt::format("the emulator for {} programs does not work", arch.machine), path,
                kInstallHint);
  return {path, version_of(path)};
}

struct Choice {
  Emulator emulator;
  std::vector<std::string> others;  // paths of those to try when this one fails
};

/// What enable_emulation has found.
struct Enabled {
  std::mutex mutex;
  std::map<std::string, Choice> by_arch;
  std::set<std::pair<dev_t, ino_t>> files;
  bool dispatches = false;
  std::map<std::pair<dev_t, ino_t>, os::UniqueFd> by_dispatcher;  // the emulators, open

  void remember(const std::string& path) {
    struct stat file;
    if (::stat(path.c_str(), &file) == 0) files.emplace(file.st_dev, file.st_ino);
  }
};

/// Whether a seccomp listener may be put above a process here: not where one listens already.
bool can_listen() {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    const sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog program{1, const_cast<sock_filter*>(&allow)};
    ::_exit(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0 ? 0 : 1);
  }
  int status = 1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return status == 0;
}

/// Puts the dispatcher before the emulator at `path`, which is known to work. Each architecture has a file of its own, by
/// which it is told.
void put_dispatcher(Enabled& all, const ForeignArch& arch, const std::string& path) {
  const std::string file = fmt::format("{}/dispatch-{}", ground().private_dir, arch.machine);
  if (!os::exists(file))
    os::write_all(os::open_file(file, O_WRONLY | O_CREAT, 0755).get(),
                  std::span(dispatcher_bytes, dispatcher_bytes_size));
  struct stat made;
  if (::stat(file.c_str(), &made) != 0) throw errno_error("inspect", file);
  all.by_dispatcher[{made.st_dev, made.st_ino}] = os::open_file(path, O_RDONLY);
  all.remember(file);
  register_emulator(arch, file);
}

Choice choose(const ForeignArch& arch) {
  if (private_instance().error != 0) {
    if (probe(arch)) return {host_emulator(arch), {}};
    throw no_registration(arch);
  }
  std::vector<std::string> paths = find_emulators(arch);
  Choice choice{enable(arch, paths.front()), {}};
  choice.others.assign(paths.begin() + 1, paths.end());
  return choice;
}

Enabled& enabled() {
  static Enabled all;
  return all;
}

}  // namespace

bool is_emulator(const std::string& path) {
  struct stat file;
  if (::stat(path.c_str(), &file) != 0) return false;
  Enabled& all = enabled();
  const std::lock_guard lock(all.mutex);
  return all.files.contains({file.st_dev, file.st_ino});
}

std::map<std::string, Emulator> enable_emulation(const std::vector<oci::Platform>& platforms) {
  Enabled& all = enabled();
  const std::lock_guard lock(all.mutex);
  const oci::Platform host = oci::host_platform();
  std::map<std::string, Emulator> result;
  for (const auto& platform : platforms) {
    if (oci::runs_natively(host, platform)) continue;
    const ForeignArch* arch = foreign_arch(platform);
    if (!arch)
      throw Error(
          fmt::format("programs of {} cannot be run here", platform.str()), {},
          "build it on a machine of that platform, or leave out the RUN instructions for it");
    auto known = all.by_arch.find(platform.arch);
    if (known == all.by_arch.end()) {
      known = all.by_arch.emplace(platform.arch, choose(*arch)).first;
      all.remember(known->second.emulator.path);
      if (all.dispatches) put_dispatcher(all, *arch, known->second.emulator.path);
    }
    result[platform.str()] = known->second.emulator;
  }
  return result;
}

std::optional<Emulator> next_emulator(const oci::Platform& platform, const std::string& failed) {
  Enabled& all = enabled();
  const std::lock_guard lock(all.mutex);
  const auto known = all.by_arch.find(platform.arch);
  if (known == all.by_arch.end()) return std::nullopt;
  Choice& choice = known->second;
  // Another step may have moved on meanwhile.
  if (choice.emulator.path != failed) return choice.emulator;
  if (choice.others.empty()) return std::nullopt;
  choice.emulator = enable(*foreign_arch(platform), choice.others.front());
  choice.others.erase(choice.others.begin());
  all.remember(choice.emulator.path);
  if (all.dispatches) put_dispatcher(all, *foreign_arch(platform), choice.emulator.path);
  return choice.emulator;
}

bool use_dispatcher() {
  if (dispatcher_bytes_size == 0 || private_instance().error != 0) return false;
  Enabled& all = enabled();
  const std::lock_guard lock(all.mutex);
  if (all.dispatches) return true;
  if (!can_listen()) return false;
  all.dispatches = true;
  for (const auto& [arch, choice] : all.by_arch)
    put_dispatcher(all, *foreign_arch({"linux", arch, "", ""}), choice.emulator.path);
  return true;
}

std::optional<int> emulator_of(dev_t device, ino_t inode) {
  Enabled& all = enabled();
  const std::lock_guard lock(all.mutex);
  const auto known = all.by_dispatcher.find({device, inode});
  return known == all.by_dispatcher.end() ? std::nullopt : std::optional(known->second.get());
}

}  // namespace slipway::exec

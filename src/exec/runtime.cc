// crun and runc differ in speed (a few against some thirty milliseconds a step) and in the hosts
// they accept; which one works here is found out by the first step that runs, so that no build pays
// for a probe.
#include "exec/runtime.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"
#include "os/fd.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

std::atomic<size_t> the_current{0};

/// Runtimes execute themselves a second time from a sealed copy, lest a container overwrite the
/// program on disk, unless they find that they are one. Giving them one from the start saves a few
/// milliseconds of every step.
os::UniqueFd sealed_copy(const std::string& path) {
  os::UniqueFd file = os::open_file(path, O_RDONLY);
  char magic[4] = {};
  if (::pread(file.get(), magic, sizeof magic, 0) != sizeof magic ||
      std::string_view(magic, 4) != "\177ELF")
    return file;  // a script needs its path
  constexpr unsigned kExecutable =
      0x10;  // MFD_EXEC, which older kernels refuse and newer ones want to see
  os::UniqueFd copy(::memfd_create("runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING | kExecutable));
  if (!copy) copy.reset(::memfd_create("runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) return file;
  os::copy_bytes(file.get(), copy.get());
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
      0)
    return file;
  return copy;
}

}  // namespace

std::vector<std::string> Runtime::command(const std::string& state, const std::string& bundle,
                                          const std::string& id) const {
  std::vector<std::string> words = {path,           "--root", state, "--log", bundle + "/log",
                                    "--log-format", "json"};
  // crun 1.8 and later fail on the cgroups of unprivileged users and of hosts with cgroup v1; steps
  // need none of their own.
  if (kind == RuntimeKind::Crun) words.insert(words.end(), {"--cgroup-manager", "disabled"});
  words.insert(words.end(), {"run", "--bundle", bundle, "--pid-file", bundle + "/pid", id});
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

int runtime_program(size_t index) {
  static std::mutex mutex;
  static std::map<size_t, os::UniqueFd> programs;
  const std::lock_guard lock(mutex);
  os::UniqueFd& program = programs[index];
  if (!program) program = sealed_copy(installed_runtimes()[index].path);
  return program.get();
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

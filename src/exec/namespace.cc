// Entering the user and mount namespace of the process. A helper forked before stays outside and
// writes the id maps from there, since only the parent namespace may map more than one id.
#include <fcntl.h>
#include <fmt/core.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "exec/ground.h"
#include "exec/id_maps.h"
#include "exec/sandbox.h"
#include "os/fd.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::exec {
namespace {

constexpr uint64_t kFewIds = 65535;  // images use ids up to 65534 (nobody)

/// What the helper is to write.
struct Plan {
  IdMapping mapping = IdMapping::Single;
  std::vector<IdRange> uids, gids;
  std::string note;
};

std::string user_name(uint32_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry ? entry->pw_name : "";
}

Plan single_plan(uint32_t uid, uint32_t gid, std::string note) {
  return {IdMapping::Single, {{0, uid, 1}}, {{0, gid, 1}}, std::move(note)};
}

Plan make_plan(uint32_t uid, uint32_t gid) {
  if (uid == 0) {
    Plan plan{IdMapping::Root,
              identity_map(parse_id_map(os::read_file("/proc/self/uid_map"))),
              identity_map(parse_id_map(os::read_file("/proc/self/gid_map"))),
              {}};
    if (id_count(plan.uids) >= kFewIds && id_count(plan.gids) >= kFewIds) return plan;
    return single_plan(uid, gid,
                       "the user namespace of this container maps too few ids: owners other than "
                       "root cannot be kept; "
                       "start the container with a larger id range, or as a privileged one");
  }
  const std::string name = user_name(uid);
  if (!os::find_program("newuidmap") || !os::find_program("newgidmap"))
    return single_plan(uid, gid,
                       "newuidmap and newgidmap are not installed: owners other than root cannot "
                       "be kept; install the "
                       "package uidmap (shadow-utils)");
  Plan plan{IdMapping::Subordinate,
            subordinate_map(uid, name, os::read_file_if_exists("/etc/subuid").value_or("")),
            subordinate_map(gid, name, os::read_file_if_exists("/etc/subgid").value_or("")),
            {}};
  if (plan.uids.size() > 1 &&
      plan.gids.size() == 1)  // subgid lines name the user, or else his number, not the group's
    plan.gids = subordinate_map(uid, name, os::read_file_if_exists("/etc/subgid").value_or("")),
    plan.gids[0].outside = gid;
  if (plan.uids.size() > 1 && plan.gids.size() > 1) return plan;
  const std::string who = name.empty() ? fmt::format("{}", uid) : name;
  return single_plan(
      uid, gid,
      fmt::format(
          "{0} has no subordinate ids in /etc/subuid and /etc/subgid: owners other than root "
          "cannot be kept; an administrator can give some: usermod --add-subuids 100000-165535 "
          "--add-subgids 100000-165535 {0}",
          who));
}

void write_map(pid_t process, const char* file, std::string_view text) {
  const std::string path = fmt::format("/proc/{}/{}", process, file);
  const os::UniqueFd fd = os::open_file(path, O_WRONLY);
  if (::write(fd.get(), text.data(), text.size()) < 0) throw errno_error("write", path);
}

void write_single(pid_t process, const Plan& plan) {
  write_map(process, "setgroups", "deny");
  write_map(process, "uid_map", id_map_text(plan.uids));
  write_map(process, "gid_map", id_map_text(plan.gids));
}

void run_map_program(const char* program, pid_t process, const std::vector<IdRange>& ranges) {
  os::Command command{.argv = {program, fmt::format("{}", process)}};
  for (const auto& range : ranges)
    for (const uint32_t number : {range.inside, range.outside, range.count})
      command.argv.push_back(fmt::format("{}", number));
  const os::Finished done = os::run(command);
  if (!done.ok()) throw Error(fmt::format("{} failed: {}", program, trim(done.errors)));
}

/// In the helper. The first byte of the answer is the mapping that was made ('R', 'S', '1') or 'E';
/// text follows.
std::string write_maps(pid_t process, const Plan& plan, uint32_t uid, uint32_t gid) {
  try {
    switch (plan.mapping) {
      case IdMapping::Root:
        write_map(process, "uid_map", id_map_text(plan.uids));
        write_map(process, "gid_map", id_map_text(plan.gids));
        return "R";
      case IdMapping::Subordinate:
        run_map_program("newuidmap", process, plan.uids);
        run_map_program("newgidmap", process, plan.gids);
        return "S";
      case IdMapping::Single:
        write_single(process, plan);
        return "1" + plan.note;
    }
  } catch (const Error& error) {
    if (plan.mapping == IdMapping::Single) return "E" + error.message();
    // newuidmap without its privileges, or a root without CAP_SETUID: one id can still be mapped.
    try {
      write_single(process, single_plan(uid, gid, {}));
      return "1" + error.message() + ": owners other than root cannot be kept";
    } catch (const Error&) {
      return "E" + error.message();
    }
  }
  return "E";
}

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) throw errno_error("create a pipe");
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
  os::UniqueFd read, write;
};

Error not_permitted(int error) {
  errno = error;
  Error failure = errno_error("create a user namespace");
  if (error == ENOSPC || error == EUSERS)
    return failure.hint("raise the limit: sysctl user.max_user_namespaces=15000");
  return failure.hint(
      "allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 on older Debian, sysctl "
      "kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu; inside a container, start it with "
      "--security-opt "
      "seccomp=unconfined --security-opt apparmor=unconfined or as a privileged one; not possible "
      "in a chroot");
}

}  // namespace

Namespace enter_namespace() {
  Namespace ns;
  ns.outer_uid = ::geteuid();
  ns.outer_gid = ::getegid();
  const Plan plan = make_plan(ns.outer_uid, ns.outer_gid);
  Pipe go, answer;
  const pid_t self = ::getpid();
  const pid_t helper = ::fork();
  if (helper < 0) throw errno_error("start a helper process");
  if (helper == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    go.write.reset();
    answer.read.reset();
    char byte = 0;
    if (::read(go.read.get(), &byte, 1) == 1) {
      const std::string text = write_maps(self, plan, ns.outer_uid, ns.outer_gid);
      [[maybe_unused]] const ssize_t n = ::write(answer.write.get(), text.data(), text.size());
    }
    ::_exit(0);
  }
  go.read.reset();
  answer.write.reset();
  const int unshare_error = ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : errno;
  if (unshare_error == 0) os::write_all(go.write.get(), "x");
  go.write.reset();
  const std::string made = os::read_all(answer.read.get());
  int status = 0;
  while (::waitpid(helper, &status, 0) < 0 && errno == EINTR) continue;
  if (unshare_error != 0) throw not_permitted(unshare_error);
  if (made.empty() || made[0] == 'E')
    throw Error("cannot map ids into a user namespace: " +
                    (made.empty() ? "the helper died" : made.substr(1)),
                {},
                "inside a container, start it with --security-opt seccomp=unconfined or as a "
                "privileged one");
  ns.mapping = made[0] == 'R'   ? IdMapping::Root
               : made[0] == 'S' ? IdMapping::Subordinate
                                : IdMapping::Single;
  ns.note = made.substr(1);
  if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
    throw errno_error("become root of the user namespace");
  // Ubuntu lets everybody create a namespace and then takes its privileges: that shows here first.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) throw not_permitted(errno);
  lay_ground(ns);
  return ns;
}

}  // namespace slipway::exec

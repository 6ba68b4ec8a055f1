// The filter, the listener, and what /proc says of a process that is about to end.
#include "exec/meter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "exec/dispatcher/exchange.h"
#include "exec/emulators.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace slipway::exec {
namespace {

// The other interface of the same machine numbers its calls differently: 32-bit programs.
#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64, kOtherArch = AUDIT_ARCH_I386;
constexpr uint32_t kOtherExitGroup = 252;
#elif defined(__aarch64__)
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64, kOtherArch = AUDIT_ARCH_ARM;
constexpr uint32_t kOtherExitGroup = 248;
#elif defined(__riscv)
constexpr uint32_t kArch = AUDIT_ARCH_RISCV64, kOtherArch = AUDIT_ARCH_RISCV32;
constexpr uint32_t kOtherExitGroup = 94;
#elif defined(__powerpc64__)
constexpr uint32_t kArch = AUDIT_ARCH_PPC64LE, kOtherArch = AUDIT_ARCH_PPC;
constexpr uint32_t kOtherExitGroup = 234;
#elif defined(__s390x__)
constexpr uint32_t kArch = AUDIT_ARCH_S390X, kOtherArch = AUDIT_ARCH_S390;
constexpr uint32_t kOtherExitGroup = 248;
#else
#error "the audit architectures of this machine are not in the table"
#endif

/// exit_group of either interface is told, and the dispatcher's question; everything else is none of our business.
constexpr uint32_t kFirstArgument = offsetof(seccomp_data, args) + (std::endian::native == std::endian::big ? 4 : 0);
constexpr sock_filter kFilter[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 0, 5),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 7, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 0, 5),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kFirstArgument),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kDispatchCall, 4, 3),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kOtherArch, 0, 2),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kOtherExitGroup, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
};

std::string proc(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

/// All of a file of /proc, empty if the process is gone.
std::string read_proc(const std::string& path) {
  const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  ssize_t n = 0;
  while (fd && (n = ::read(fd.get(), buffer, sizeof buffer)) > 0)
    text.append(buffer, static_cast<size_t>(n));
  return text;
}

struct Times {
  uint64_t started = 0;  // clock ticks since boot
  double seconds = 0;    // user and system, all threads
};

/// /proc/PID/stat counts all threads, in hundredths; schedstat counts in nanoseconds, but only
/// threads that still live. Neither ever says too much, so the larger is nearer.
Times times_of(pid_t pid) {
  Times times;
  const std::string stat = read_proc(proc(pid, "stat"));
  const size_t name_end = stat.rfind(')');
  if (name_end != stat.npos) {
    const auto words = split(std::string_view(stat).substr(name_end + 2), ' ');
    // Field numbers of proc(5) less the three that were cut off.
    if (words.size() > 19) {
      const uint64_t ticks = parse_u64(words[11]).value_or(0) + parse_u64(words[12]).value_or(0);
      times.seconds = static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
      times.started = parse_u64(words[19]).value_or(0);
    }
  }
  uint64_t nanoseconds = 0;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(proc(pid, "task"), gone)) {
    const std::string text = read_proc(thread.path().string() + "/schedstat");
    nanoseconds += parse_u64(text.substr(0, text.find(' '))).value_or(0);
  }
  times.seconds = std::max(times.seconds, static_cast<double>(nanoseconds) / 1e9);
  return times;
}

/// The path as the step sees it. An emulator is told as the program that it emulates: the kernel
/// starts it as `emulator PROGRAM ARGUMENTS...`.
std::string program_of(pid_t pid, bool is_emulated) {
  if (is_emulated) {
    const std::string line = read_proc(proc(pid, "cmdline"));
    const auto words = split(line, '\0');
    if (words.size() > 1 && !words[1].empty()) return std::string(words[1]);
  }
  char path[4096];
  const ssize_t n = ::readlink(proc(pid, "exe").c_str(), path, sizeof path);
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : std::string("?");
}

}  // namespace

int install_meter(int socket) {
  sock_fprog program{sizeof kFilter / sizeof *kFilter, const_cast<sock_filter*>(kFilter)};
  const auto install = [&](unsigned long flags) {
    return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                      SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &program));
  };
  // Where the kernel can (5.19), only a deadly signal interrupts a call that we have begun to answer.
  int listener = install(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  if (listener < 0 && errno == EINVAL) listener = install(0);
  if (listener < 0) return 0;
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
  // Without a listener exit_group would fail for ever.
  if (::syscall(SYS_sendmsg, socket, &message, MSG_NOSIGNAL) != 1) return errno;
  ::syscall(SYS_close, listener);
  return 0;
}

Meter::Meter(const Dispatch& dispatch) : dispatch_(dispatch) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return;
  ours_.reset(sockets[0]);
  theirs_.reset(sockets[1]);
  seccomp_notif_sizes sizes{};
  if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) {
    theirs_.reset();
    return;
  }
  request_.resize(std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)));
  response_.resize(std::max<size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)));
}

void Meter::take_listener() {
  theirs_.reset();
  if (!ours_) return;
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  if (::recvmsg(ours_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1) {
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_type == SCM_RIGHTS) {
      int listener = -1;
      std::memcpy(&listener, CMSG_DATA(header), sizeof listener);
      listener_.reset(listener);
      has_listened_ = true;
    }
  }
  ours_.reset();
}

void Meter::on_ready(bool gone) {
  std::ranges::fill(request_, uint8_t{0});
  auto* const request = reinterpret_cast<seccomp_notif*>(request_.data());
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, request) != 0) {
    // The process was killed meanwhile.
    if (gone) listener_.reset();
    return;
  }
  if (request->data.nr == __NR_prctl && request->data.arch == kArch) {
    dispatch_.answer(listener_.get(), *request);
    return;
  }
  const auto pid = static_cast<pid_t>(request->pid);
  const Times times = times_of(pid);
  Ended ended;
  ended.started = times.started;
  ended.is_emulated = is_emulator(proc(pid, "exe"));
  struct stat program;
  ended.is_twin = dispatch_.substitutes() && ::stat(proc(pid, "exe").c_str(), &program) == 0 &&
                  dispatch_.substitutes()->is_one(program.st_dev, program.st_ino);
  ended.program = program_of(pid, ended.is_emulated);
  ended.cpu_seconds = times.seconds;
  std::ranges::fill(response_, uint8_t{0});
  auto* const response = reinterpret_cast<seccomp_notif_resp*>(response_.data());
  response->id = request->id;
  response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, response);
  const auto [entry, is_new] = last_.try_emplace(pid, ended);
  if (is_new) return;
  if (entry->second.started != ended.started) add(totals_, entry->second);
  entry->second = std::move(ended);
}

void Meter::add(Totals& totals, const Ended& ended) {
  ProgramCost& cost = totals[{ended.program, ended.is_emulated, ended.is_twin}];
  cost.program = ended.program;
  cost.is_emulated = ended.is_emulated;
  cost.is_twin = ended.is_twin;
  cost.cpu_seconds += ended.cpu_seconds;
  ++cost.processes;
}

double Meter::emulated_seconds(pid_t init) const {
  double sum = 0;
  for (const auto& [key, cost] : totals_) sum += cost.is_emulated ? cost.cpu_seconds : 0;
  for (const auto& [pid, ended] : last_) sum += ended.is_emulated ? ended.cpu_seconds : 0;
  struct stat wanted, found;
  if (::stat(proc(init, "ns/pid").c_str(), &wanted) != 0) return sum;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    const auto pid = parse_u64(entry.path().filename().string());
    if (!pid) continue;
    const auto each = static_cast<pid_t>(*pid);
    if (::stat(proc(each, "ns/pid").c_str(), &found) != 0 || found.st_ino != wanted.st_ino) continue;
    if (!is_emulator(proc(each, "exe"))) continue;
    const Times times = times_of(each);
    const auto known = last_.find(each);
    // One that is just ending has been counted.
    if (known == last_.end() || known->second.started != times.started) sum += times.seconds;
  }
  return sum;
}

std::vector<ProgramCost> Meter::programs() const {
  Totals totals = totals_;
  for (const auto& [pid, ended] : last_) add(totals, ended);
  std::vector<ProgramCost> out;
  for (auto& [key, cost] : totals) out.push_back(std::move(cost));
  std::ranges::stable_sort(out, std::ranges::greater{}, &ProgramCost::cpu_seconds);
  return out;
}

}  // namespace slipway::exec

// Reading the question out of the asking process, and making its call return a descriptor there
// (SECCOMP_IOCTL_NOTIF_ADDFD). The process waits in the kernel meanwhile. Whatever cannot be read or written means the
// emulator.
#include "exec/dispatch.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>

#include "exec/dispatcher/exchange.h"
#include "exec/emulators.h"
#include "os/fd.h"

namespace slipway::exec {
namespace {

constexpr size_t kMaxWords = 64 * 1024;      // arguments and variables
constexpr size_t kMaxText = 4 * 1024 * 1024;  // bytes of all of them; longer ones run in the emulator

/// Bytes that could be read, which may be fewer than asked for.
size_t read_memory(pid_t pid, uint64_t from, void* into, size_t size) {
  const iovec local{into, size}, remote{reinterpret_cast<void*>(from), size};
  const ssize_t n = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return n < 0 ? 0 : static_cast<size_t>(n);
}

bool write_memory(pid_t pid, uint64_t to, const void* from, size_t size) {
  const iovec local{const_cast<void*>(from), size}, remote{reinterpret_cast<void*>(to), size};
  return ::process_vm_writev(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

/// Pointers from `from` on up to a null one, in pieces, since the end of the stack may be near.
std::optional<std::vector<uint64_t>> read_pointers(pid_t pid, uint64_t from) {
  std::vector<uint64_t> all;
  while (all.size() < kMaxWords) {
    uint64_t piece[256];
    const uint64_t at = from + all.size() * sizeof(uint64_t);
    // Up to the end of a page at first: the next one may not be there.
    const size_t wanted = std::min<size_t>(sizeof piece, (4096 - at % 4096) / sizeof(uint64_t) * sizeof(uint64_t));
    const size_t got = read_memory(pid, at, piece, wanted == 0 ? sizeof(uint64_t) : wanted) / sizeof(uint64_t);
    if (got == 0) return std::nullopt;
    for (size_t i = 0; i < got; ++i) {
      if (piece[i] == 0) return all;
      all.push_back(piece[i]);
    }
  }
  return std::nullopt;
}

/// The strings at `addresses`, which a new program has side by side on its stack.
std::optional<std::vector<std::string>> read_strings(pid_t pid, const std::vector<uint64_t>& addresses) {
  std::vector<std::string> out;
  if (addresses.empty()) return out;
  const auto [low, high] = std::ranges::minmax(addresses);
  if (high - low > kMaxText) return std::nullopt;
  std::string text(high - low + 128 * 1024 + 4096, '\0');
  text.resize(read_memory(pid, low, text.data(), text.size()));
  for (const uint64_t address : addresses) {
    const size_t at = address - low, end = at < text.size() ? text.find('\0', at) : text.npos;
    if (end == text.npos) return std::nullopt;
    out.push_back(text.substr(at, end - at));
  }
  return out;
}

std::string proc(pid_t pid, std::string_view name) {
  return "/proc/" + std::to_string(pid) + "/" + std::string(name);
}

std::string read_link(const std::string& path) {
  char target[4096];
  const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
  return n > 0 && static_cast<size_t>(n) < sizeof target ? std::string(target, static_cast<size_t>(n)) : std::string();
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

/// What the process is about to run; nullopt if that cannot be told for sure, or its root is not the step's.
std::optional<Execution> read_execution(pid_t pid, const Exchange& question, int root, os::UniqueFd& file) {
  if (question.file < 0 || question.argument_count < 3 || question.argument_count > kMaxWords) return std::nullopt;
  struct stat own_root, step_root;
  if (::stat(proc(pid, "root").c_str(), &own_root) != 0 || ::fstat(root, &step_root) != 0 ||
      !same_file(own_root, step_root))
    return std::nullopt;
  const std::string link = proc(pid, "fd/" + std::to_string(question.file));
  Execution out;
  out.file = read_link(link);
  if (!out.file.starts_with('/')) return std::nullopt;
  file.reset(::open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat opened, named;
  // The name is what it is called by where it lies: below a mount that is not the step's root another file has it.
  if (!file || ::fstat(file.get(), &opened) != 0 || !S_ISREG(opened.st_mode) ||
      ::fstatat(root, out.file.c_str() + 1, &named, AT_SYMLINK_NOFOLLOW) != 0 || !same_file(opened, named))
    return std::nullopt;
  out.descriptor = file.get();
  out.is_privileged = (opened.st_mode & (S_ISUID | S_ISGID)) != 0 ||
                      ::fgetxattr(file.get(), "security.capability", nullptr, 0) >= 0;
  auto argument_addresses = read_pointers(pid, question.arguments);
  const auto variable_addresses = read_pointers(pid, question.environment);
  if (!argument_addresses || !variable_addresses || argument_addresses->size() != question.argument_count)
    return std::nullopt;
  auto arguments = read_strings(pid, *argument_addresses);
  auto variables = read_strings(pid, *variable_addresses);
  if (!arguments || !variables) return std::nullopt;
  out.path = (*arguments)[1];
  out.argv.assign(arguments->begin() + 2, arguments->end());
  out.env = std::move(*variables);
  out.working_directory = read_link(proc(pid, "cwd"));
  return out;
}

/// Puts what is to be executed in the words of the exchange; false if they do not fit.
bool put_answer(const Substitute& substitute, Exchange& exchange) {
  size_t at = 0;
  const auto put = [&](const std::vector<std::string>& words) {
    for (const auto& word : words) {
      if (word.size() + 1 > sizeof exchange.text - at) return false;
      std::memcpy(exchange.text + at, word.c_str(), word.size() + 1);
      at += word.size() + 1;
    }
    return true;
  };
  if (!put(substitute.argv) || !put(substitute.env)) return false;
  exchange.how = kExecute;
  exchange.new_arguments = static_cast<uint32_t>(substitute.argv.size());
  exchange.new_environment = static_cast<uint32_t>(substitute.env.size());
  return true;
}

}  // namespace

void Dispatch::answer(int listener, const seccomp_notif& request) const {
  const auto pid = static_cast<pid_t>(request.pid);
  const uint64_t address = request.data.args[1];
  constexpr size_t kHead = offsetof(Exchange, text);
  struct stat program;
  std::optional<int> emulator;
  if (::stat(proc(pid, "exe").c_str(), &program) == 0) emulator = emulator_of(program.st_dev, program.st_ino);
  if (!emulator) {
    // Not the dispatcher: the kernel says that there is no such call.
    seccomp_notif_resp response{};
    response.id = request.id;
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    return;
  }
  Exchange exchange;
  int file = *emulator;
  exchange.how = kLoadEmulator;
  if (substitutes_ && read_memory(pid, address, &exchange, kHead) == kHead) {
    os::UniqueFd program_file;
    std::optional<Substitute> found;
    if (exchange.attempt == 0)
      if (const auto execution = read_execution(pid, exchange, root_, program_file)) found = substitutes_->find(*execution);
    exchange.how = kLoadEmulator;
    size_t size = kHead;
    if (found && put_answer(*found, exchange)) size = sizeof exchange;
    if (size == sizeof exchange && found->argv.empty() && found->env.empty()) size = kHead;
    const bool is_written = write_memory(pid, address, &exchange, size);
    if (is_written && exchange.how == kExecute) file = found->file;
    // An answer of an earlier attempt must not stand: then nothing could be told, and the process must not go on.
    if (!is_written && exchange.attempt != 0) file = -1;
  }
  seccomp_notif_addfd add{};
  add.id = request.id;
  add.flags = SECCOMP_ADDFD_FLAG_SEND;
  add.srcfd = static_cast<uint32_t>(file);
  add.newfd_flags = O_CLOEXEC;
  if (file >= 0 && ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0) return;
  // The process is gone, or has no room for another descriptor.
  seccomp_notif_resp response{};
  response.id = request.id;
  response.error = -EMFILE;
  ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

}  // namespace slipway::exec

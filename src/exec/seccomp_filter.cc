// Compiling the profile with libseccomp, which is loaded when the first step needs it: it is there
// wherever a runtime that uses seccomp is, and where it is not the runtime gets the profile as JSON
// and does what it can.
#include <dlfcn.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "base/text.h"
#include "exec/seccomp.h"
#include "os/fd.h"

namespace slipway::exec {
namespace {

// The part of libseccomp's interface (seccomp.h, stable since 2.0) that is used here.
struct Comparison {
  unsigned argument;
  int operation;
  uint64_t first, second;
};
constexpr int kNotEqual = 1, kEqual = 4, kMaskedEqual = 7;
constexpr uint32_t kOptimizeAttribute = 8, kBinaryTree = 2;
constexpr int kUnknownCall = -1;

struct Library {
  void* handle = ::dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
  template <typename Function>
  Function* get(const char* name) const {
    return reinterpret_cast<Function*>(handle ? ::dlsym(handle, name) : nullptr);
  }
  void* (*init)(uint32_t) = get<void*(uint32_t)>("seccomp_init");
  void (*release)(void*) = get<void(void*)>("seccomp_release");
  int (*attr_set)(void*, uint32_t,
                  uint32_t) = get<int(void*, uint32_t, uint32_t)>("seccomp_attr_set");
  uint32_t (*arch_resolve)(const char*) = get<uint32_t(const char*)>("seccomp_arch_resolve_name");
  int (*arch_add)(void*, uint32_t) = get<int(void*, uint32_t)>("seccomp_arch_add");
  int (*resolve)(const char*) = get<int(const char*)>("seccomp_syscall_resolve_name");
  int (*rule_add)(void*, uint32_t, int, unsigned, const Comparison*) =
      get<int(void*, uint32_t, int, unsigned, const Comparison*)>("seccomp_rule_add_array");
  int (*export_bpf)(void*, int) = get<int(void*, int)>("seccomp_export_bpf");

  bool is_complete() const {
    return init && release && attr_set && arch_resolve && arch_add && resolve && rule_add &&
           export_bpf;
  }
};

int operation(SeccompRule::Condition::Test test) {
  using Test = SeccompRule::Condition::Test;
  return test == Test::NotEqual ? kNotEqual : test == Test::Equal ? kEqual : kMaskedEqual;
}

/// Ahead of the program: calls above `newest` do not exist for us. x32 calls carry a high bit and
/// go on to the program, where they are found or refused.
std::string newer_calls_do_not_exist(uint32_t newest) {
  constexpr uint32_t kX32Bit = 0x40000000;
  const sock_filter check[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kX32Bit, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  return {reinterpret_cast<const char*>(check), sizeof check};
}

/// Empty when anything is not as expected: the caller has another way.
std::string compile(const SeccompRules& rules, bool is_numbered_from_zero) {
  const Library library;
  if (!library.is_complete() || rules.architectures.empty()) return {};
  const std::unique_ptr<void, void (*)(void*)> context(library.init(SECCOMP_RET_ERRNO | EPERM),
                                                       library.release);
  if (!context) return {};
  library.attr_set(context.get(), kOptimizeAttribute,
                   kBinaryTree);  // before 2.5 unknown, and not needed
  for (const auto& name : rules.architectures) {
    const int result =
        library.arch_add(context.get(), library.arch_resolve(to_lower(name).c_str()));
    if (result != 0 && result != -EEXIST) return {};
  }
  int newest = 0;
  for (const auto& rule : rules.rules) {
    for (const auto& call : rule.calls) {
      const int number = library.resolve(call.c_str());
      if (number == kUnknownCall) continue;
      newest = std::max(newest, number);
      const uint32_t action = rule.is_allowed
                                  ? SECCOMP_RET_ALLOW
                                  : SECCOMP_RET_ERRNO | static_cast<uint32_t>(rule.error);
      Comparison comparison{};
      if (rule.condition)
        comparison = {rule.condition->argument, operation(rule.condition->test),
                      rule.condition->value, rule.condition->masked};
      if (library.rule_add(context.get(), action, number, rule.condition ? 1 : 0, &comparison) != 0)
        return {};
    }
  }
  const os::UniqueFd file(::memfd_create("seccomp", MFD_CLOEXEC));
  if (!file || library.export_bpf(context.get(), file.get()) != 0 ||
      ::lseek(file.get(), 0, SEEK_SET) != 0)
    return {};
  std::string program = os::read_all(file.get());
  if (is_numbered_from_zero)
    program.insert(0, newer_calls_do_not_exist(static_cast<uint32_t>(newest)));
  return program.size() / sizeof(sock_filter) <= BPF_MAXINSNS ? program : std::string();
}

}  // namespace

std::string seccomp_filter(const std::string& machine) {
  static std::mutex mutex;
  static std::map<std::string, std::string> compiled;
  const std::lock_guard lock(mutex);
  const auto known = compiled.find(machine);
  if (known != compiled.end()) return known->second;
  // The numbers of mips start at 4000 and more, in one range for each of its interfaces.
  return compiled[machine] = compile(seccomp_rules(machine), !machine.starts_with("mips"));
}

}  // namespace slipway::exec

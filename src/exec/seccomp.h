// The system calls that a step may make: the same set as a container's under Docker's default
// profile, so that what works in `docker build` works here and nothing more.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace slipway::exec {

/// The `linux.seccomp` member of config.json as JSON text for a machine of `machine` (uname's word:
/// "x86_64", "aarch64") and the default capabilities. Emulated programs make the machine's own
/// calls, so there is one profile for every platform.
std::string seccomp_profile(const std::string& machine);

/// The same profile compiled to a filter program (an array of sock_filter), once per process, where
/// libseccomp is installed; empty where it is not. Runtimes that take a program start a step some
/// milliseconds sooner, and unlike theirs it answers system calls newer than itself with ENOSYS,
/// for which C libraries have a fallback, not EPERM.
std::string seccomp_filter(const std::string& machine);

/// One rule of the profile.
struct SeccompRule {
  std::vector<std::string> calls;
  bool is_allowed = true;
  int error = 0;  // what a refused call returns
  struct Condition {
    unsigned argument = 0;
    enum class Test { NotEqual, Equal, MaskedEqual } test = Test::Equal;
    uint64_t value = 0;  // the mask of MaskedEqual
    uint64_t masked = 0;
  };
  std::optional<Condition> condition;
};
struct SeccompRules {
  std::vector<std::string>
      architectures;  // "X86_64", "X86"; empty on a machine that the table does not know
  std::vector<SeccompRule> rules;  // what no rule names fails with EPERM
};
SeccompRules seccomp_rules(const std::string& machine);

}  // namespace slipway::exec

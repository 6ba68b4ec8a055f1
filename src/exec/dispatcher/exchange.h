// What the dispatcher and slipway say to each other about one execution of a foreign program. The dispatcher passes the
// address of an Exchange with a prctl(2) that no kernel knows; the seccomp listener above every step (meter.h) gets the
// call, fills in the answer, and makes it return a descriptor. Plain data: both sides are one build.
#pragma once

#include <cstdint>

namespace slipway::exec {

/// The first argument of the call; the second is the address. Nobody else uses the number ("slwy").
constexpr uint32_t kDispatchCall = 0x736c7779;

enum DispatchAnswer : uint32_t {
  kLoadEmulator = 0,  // the descriptor is a static program to take the dispatcher's place in this process
  kExecute = 1,       // the descriptor is a program of this machine to execute
};

struct Exchange {
  // The question. Addresses are the asking process's.
  uint64_t arguments = 0;  // char*[], as the kernel gives them to an interpreter: dispatcher, path, argv[0], argv[1] ...
  uint64_t argument_count = 0;
  uint64_t environment = 0;  // char*[], ends with a null pointer
  int64_t file = 0;          // the descriptor of the program (AT_EXECFD), -1 for none
  uint32_t attempt = 0;      // 1 after a kExecute that failed: then only an emulator will do
  // The answer.
  uint32_t how = 0;
  uint32_t new_arguments = 0;    // that many strings of `text` are the arguments; 0: argv[0] ... as they came
  uint32_t new_environment = 0;  // that many strings after them go in front of the environment, in place of equal names
  char text[32 * 1024] = {};
};

}  // namespace slipway::exec

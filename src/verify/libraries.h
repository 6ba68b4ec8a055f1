// The libraries that a program needs, looked for as its loader will (ld.so(8), musl's dynamic linker).
#pragma once

#include <string>

#include "verify/scope.h"

namespace slipway::verify {

/// Follows DT_NEEDED of the program at `place` and of what it leads to. One finding about all that is missing, and one for
/// each library that is there for another machine only. `role`, `severity`: of what needs the program.
void check_libraries(Scope& scope, const Place& place, const Code& program, const std::string& role, Severity severity);

}  // namespace slipway::verify

// The program of ENTRYPOINT and CMD: found as a runtime finds it, followed through scripts, shells and wrappers to what the
// kernel loads.
#pragma once

#include <string>
#include <vector>

#include "verify/finding.h"
#include "verify/image.h"
#include "verify/scope.h"

namespace slipway::verify {

/// Checks what the image starts and its health check. Places of files that were looked at go to `scope.roles`, so that they
/// are not reported a second time.
void check_program(Scope& scope);

}  // namespace slipway::verify

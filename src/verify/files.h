// Machine code that the image has beside what it starts: files and archives that do not fit, unless something says that
// they are foreign on purpose.
#pragma once

#include "verify/scope.h"

namespace slipway::verify {

/// After check_program(): what that has judged is left out. Findings are warnings; what is explained by its name or place,
/// and files of other systems, are summed up in notes.
void check_files(Scope& scope);

}  // namespace slipway::verify

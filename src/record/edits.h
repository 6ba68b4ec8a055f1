// The change of a Dockerfile that takes a step out of the emulator. Private to record/.
#pragma once

#include <string>
#include <vector>

#include "record/slow.h"

namespace slipway::record {

struct Proposal {
  std::string reason;              // why the step was emulated, and what follows
  std::vector<std::string> edits;  // lines of the Dockerfile as they should be, and remarks
  bool removes_emulation = false;  // false if the step has to stay what it is
};

Proposal propose(const Build& build, const Step& step, Work work);

}  // namespace slipway::record

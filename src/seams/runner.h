// What the scheduler asks of whoever can do the work of a step. build/ implements it; tests use a fake.
#pragma once

#include <cstdint>

namespace slipway::seams {

enum class Resolution {
  Done,         // the step's files are known or can be had from the cache: nothing to execute
  Miss,         // its key is known and nothing is cached under it: execute it if somebody needs its files
  NeedsInputs,  // not even its key is known before the files of its inputs are: do those first, then ask again
};

class Runner {
 public:
  virtual ~Runner() = default;
  /// Finds the step's key and looks it up. All inputs have been resolved before. Called from any thread, once or (after
  /// NeedsInputs) twice per step.
  virtual Resolution resolve(uint32_t step) = 0;
  /// Makes the step's files. All inputs are done. Called at most once per step.
  virtual void execute(uint32_t step) = 0;
};

}  // namespace slipway::seams

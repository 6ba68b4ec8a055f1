// The program behind main().
#pragma once

namespace slipway::cli {

/// 0 when all was done, 1 after an error, 128 + signal when one stopped the work.
int run(int argc, char** argv);

}  // namespace slipway::cli

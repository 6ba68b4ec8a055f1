// Slipway's program: everything begins in cli/.
#include <malloc.h>

#include "cli/run.h"

int main(int argc, char** argv) {
  // What a pass needed goes back to the system when the pass ends. By default every thread keeps a heap of its own, and
  // the first large block that is freed makes the library keep the next ones.
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  return slipway::cli::run(argc, argv);
}

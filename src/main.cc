// Slipway's program: everything begins in cli/.
#include "cli/run.h"

int main(int argc, char** argv) { return slipway::cli::run(argc, argv); }

// `slipway version` and the page of `slipway man`, which names it.
#include <fmt/core.h>

#include "cli/handlers.h"
#include "cli/help.h"

namespace slipway::cli {

int version_command(const ParsedArgs& args, const Io& io) {
  if (format_of(args, {"table", "json"}) == "json")
    io.out("{\"version\":\"" SLIPWAY_VERSION "\"}\n");
  else
    io.out("slipway " SLIPWAY_VERSION "\n");
  return 0;
}

int man_command(const ParsedArgs& /*args*/, const Io& io) {
  io.out(man_page(SLIPWAY_VERSION));
  return 0;
}

}  // namespace slipway::cli

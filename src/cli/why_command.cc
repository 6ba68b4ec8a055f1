// `slipway why`: questions to the record of a build.
#include "base/error.h"
#include "cli/handlers.h"
#include "cli/store_access.h"
#include "exec/sandbox.h"
#include "record/shelf.h"
#include "record/slow.h"

namespace slipway::cli {

int why_command(const ParsedArgs& args, const Io& io) {
  const std::string format = args.value_or("format", "text");
  if (format != "text" && format != "json")
    throw Error("\"" + format + "\" is none of text, json", "--format");
  if (!args.flag("slow"))
    throw Error("what is to be explained?", "why",
                "slipway why --slow tells what ran under emulation and how to avoid it");
  const exec::Namespace ns = exec::enter_namespace();
  const std::string root = store_root(args, io, ns.outer_uid == 0);
  const record::Build build =
      record::get(root, args.arguments.empty() ? "" : args.arguments.front());
  io.out(format == "json" ? record::slow_json(build) : record::render_slow(build));
  return 0;
}

}  // namespace slipway::cli

// `slipway build`: flags -> request -> namespace -> observer -> build -> what is left to say.
#include <unistd.h>

#include "base/error.h"
#include "build/build.h"
#include "cli/build_request.h"
#include "cli/docker_config.h"
#include "cli/handlers.h"
#include "cli/show_build.h"
#include "exec/sandbox.h"

namespace slipway::cli {

int build_command(const ParsedArgs& args, const Io& io) {
  build::BuildRequest request = to_request(args, io.environment);
  add_configured_proxies(request.build_args, io.environment);
  refuse_terminal(request, io);
  // A script that finds the file of an earlier build would believe in this one.
  if (!request.iidfile.empty()) ::unlink(request.iidfile.c_str());

  const exec::Namespace ns = exec::enter_namespace();
  build::BuildResult result;
  const int code = show_build(request, io, args.flag("debug"), [&](seams::Observer& observer, std::stop_token stop) {
    result = build::build(request, ns, observer, stop);
  });
  if (code != 0) return code;
  if (request.call.name != "build") {
    io.out(result.answer);
    if (result.failure) throw *result.failure;
    return result.exit_code;
  }
  if (request.quiet && !result.image_id.empty()) io.out(result.image_id + "\n");
  if (request.progress != build::Progress::Quiet && request.progress != build::Progress::RawJson)
    for (const auto& line : result.lines) io.err(line + "\n");
  return 0;
}

}  // namespace slipway::cli

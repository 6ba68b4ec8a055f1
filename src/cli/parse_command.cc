// `slipway parse`: a Dockerfile as S-expressions, JSON or a Dockerfile again.
#include "cli/handlers.h"
#include "dockerfile/parse.h"
#include "dockerfile/print.h"
#include "dockerfile/scan.h"
#include "json/json.h"
#include "os/fs.h"

namespace slipway::cli {

int parse_command(const ParsedArgs& args, const Io& io) {
  const std::string format = format_of(args, {"sexp", "json", "dockerfile"});
  const std::string& file = args.arguments.at(0);
  const std::string text = file == "-" ? io.read_input() : os::read_file(file);
  const std::string name = file == "-" ? "Dockerfile" : file;
  if (format == "sexp")
    io.out(dockerfile::to_sexp(dockerfile::scan_or_throw(text, name)));
  else if (format == "json")
    io.out(json::dump_pretty(dockerfile::to_json(dockerfile::parse(text, name))));
  else
    io.out(dockerfile::to_dockerfile(dockerfile::parse(text, name)));
  return 0;
}

}  // namespace slipway::cli

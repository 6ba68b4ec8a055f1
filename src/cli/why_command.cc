// `slipway why`: questions to the record of a build.
#include <fmt/core.h>

#include "base/error.h"
#include "cli/handlers.h"
#include "cli/store_access.h"
#include "exec/sandbox.h"
#include "os/fs.h"
#include "record/shelf.h"
#include "record/slow.h"
#include "record/why.h"

namespace slipway::cli {
namespace {

/// A path as the user sees it, from the working directory, unless the context has one of that name.
std::string path_in_question(const record::Build& build, const std::string& word) {
  const bool is_of_context =
      !build.context_dir.empty() && os::exists(os::join_path(build.context_dir, word));
  return is_of_context || !os::exists(word) ? word : os::absolute_path(word);
}

/// What stands in the question: steps if it names some, else a path.
record::Answer answer_to(const record::Shelved& shelved, const std::string& question) {
  const bool is_step_like = question.find_first_of(" []:") != question.npos;
  const std::string path = path_in_question(shelved.build, question);
  const bool is_there = os::exists(os::join_path(shelved.build.context_dir, path));
  const auto steps = record::steps_of(shelved.build, question);
  if (!steps.empty() && (is_step_like || !is_there)) return record::why_steps(shelved, steps);
  if (is_step_like && !is_there)
    throw Error(fmt::format("the build {} has no step \"{}\"", shelved.build.id, question), {},
                "`slipway why` without it lists the steps that ran; a step is named by its line, "
                "as in Dockerfile:7, or by words of its name");
  return record::why_path(shelved, path);
}

}  // namespace

int why_command(const ParsedArgs& args, const Io& io) {
  const std::string format = args.value_or("format", "text");
  if (format != "text" && format != "json")
    throw Error("\"" + format + "\" is none of text, json", "--format");
  const std::string word = args.arguments.empty() ? "" : args.arguments.front();
  // The root is relative to where the user is, as paths in questions are.
  const exec::Namespace ns = exec::enter_namespace();
  const std::string root = store_root(args, io, ns.outer_uid == 0);
  if (args.flag("slow")) {
    const record::Build build = record::get(root, args.value_or("build", word));
    io.out(format == "json" ? record::slow_json(build) : record::render_slow(build));
    return 0;
  }
  const record::Shelved shelved = record::take(root, args.value_or("build", ""));
  const record::Answer answer =
      word.empty() ? record::why_build(shelved) : answer_to(shelved, word);
  io.out(format == "json" ? answer.json : answer.text);
  return 0;
}

}  // namespace slipway::cli

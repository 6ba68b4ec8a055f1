#include "build/call.h"

#include "base/error.h"
#include "build/checks.h"
#include "dockerfile/answers.h"
#include "os/fs.h"

namespace slipway::build {
namespace {

/// Lowers the file and keeps what was noticed; the mistakes, if there are any.
std::vector<Error> survey(const dockerfile::Dockerfile& file, const graph::Request& wanted,
                          graph::Resolver& resolver, graph::Survey& survey) {
  try {
    graph::lower(file, wanted, resolver, &survey);
  } catch (Error& e) {
    return survey.problems.empty() ? std::vector<Error>{std::move(e)} : survey.problems;
  }
  if (survey.checks.error && !survey.findings.empty()) return {violations(survey.findings)};
  return {};
}

}  // namespace

BuildResult answer_call(const BuildRequest& request, const Inputs& inputs, graph::Request wanted,
                        graph::Resolver& resolver) {
  const CallSpec& call = request.call;
  const bool is_json = call.format == "json";
  const dockerfile::Source source{inputs.dockerfile_name, inputs.dockerfile_text};
  // From here, as an editor finds it; documents have the name alone.
  const std::string shown =
      request.dockerfile.empty() && !inputs.context_dir.empty()
          ? os::clean_path(os::join_path(request.context, inputs.dockerfile_name))
          : inputs.dockerfile_name;
  BuildResult result;
  if (call.name == "subrequests.describe") {
    result.answer = is_json ? dockerfile::describe_json() : dockerfile::describe_text();
    return result;
  }
  // Nothing runs, so nothing has to be allowed; and one platform tells enough.
  wanted.allow_insecure = wanted.allow_host_network = true;
  wanted.platforms.resize(1);
  dockerfile::Dockerfile file;
  std::vector<Error> errors = read_dockerfile(inputs, wanted, file);
  graph::Survey found;
  if (call.name == "lint") {
    try {
      found.checks = dockerfile::check_options(file, wanted.build_args);
    } catch (Error& e) {
      errors.push_back(std::move(e));
    }
    if (errors.empty()) {
      found.ignore = inputs.ignore ? &*inputs.ignore : nullptr;
      found.all_stages = wanted.target.empty();
      errors = survey(file, wanted, resolver, found);
    }
    result.answer = is_json ? dockerfile::checks_json(source, found.findings, errors)
                            : dockerfile::checks_text({shown, inputs.dockerfile_text},
                                                      found.findings, !errors.empty());
    if (!errors.empty()) result.failure = dockerfile::as_one(std::move(errors));
    result.exit_code = found.findings.empty() || call.ignore_status ? 0 : 1;
    return result;
  }
  if (call.name == "targets") {
    if (!errors.empty()) throw dockerfile::as_one(std::move(errors));
    result.answer = is_json ? dockerfile::targets_json(file) : dockerfile::targets_text(file);
    return result;
  }
  CHECK(call.name == "outline");
  found.checks.skip_all = true;
  if (errors.empty()) errors = survey(file, wanted, resolver, found);
  if (!errors.empty()) throw dockerfile::as_one(std::move(errors));
  result.answer = is_json ? dockerfile::outline_json(source, found.outline)
                          : dockerfile::outline_text(found.outline);
  return result;
}

}  // namespace slipway::build

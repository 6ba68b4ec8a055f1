#include "build/checks.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "dockerfile/answers.h"
#include "dockerfile/parse.h"

namespace slipway::build {
namespace {

void tell(const Inputs& inputs, const std::vector<dockerfile::Finding>& findings,
          seams::Observer& observer) {
  for (const auto& finding : findings)
    observer.on_check({.text = dockerfile::short_text(finding),
                       .description = std::string(dockerfile::rule_description(finding.rule)),
                       .page = dockerfile::rule_page(finding.rule),
                       .file = inputs.dockerfile_name,
                       .source = inputs.dockerfile_text,
                       .line = finding.span.line,
                       .end_line = finding.span.end_line,
                       .excerpt = dockerfile::excerpt(
                           {inputs.dockerfile_name, inputs.dockerfile_text}, finding.span)});
}

}  // namespace

void check_frontend(const Inputs& inputs, const std::map<std::string, std::string>& build_args) {
  if (const auto it = build_args.find("BUILDKIT_SYNTAX"); it != build_args.end()) {
    const std::string command(trim(it->second));
    const std::string image = command.substr(0, command.find(' '));
    if (image.empty())
      throw Error("the build argument BUILDKIT_SYNTAX is empty", "--build-arg",
                  "leave it out, or name docker/dockerfile");
    if (!dockerfile::is_dockerfile_frontend(image))
      throw Error(fmt::format("the frontend {} cannot be used", image),
                  "--build-arg BUILDKIT_SYNTAX", "Slipway reads Dockerfiles itself: leave it out");
    return;
  }
  const auto directives = dockerfile::detect_directives(inputs.dockerfile_text);
  if (!directives.syntax || dockerfile::is_dockerfile_frontend(*directives.syntax)) return;
  dockerfile::Dockerfile file;
  file.file_name = inputs.dockerfile_name;
  file.source = inputs.dockerfile_text;
  dockerfile::Span line;
  line.line = line.end_line = directives.syntax_line;
  throw dockerfile::error_at(
      file, line, fmt::format("the frontend {} cannot be used", *directives.syntax),
      "Slipway reads Dockerfiles itself, in no other language; if this is a Dockerfile all the "
      "same, leave the line out or pass --build-arg BUILDKIT_SYNTAX=docker/dockerfile");
}

std::vector<Error> read_dockerfile(const Inputs& inputs, const graph::Request& request,
                                   dockerfile::Dockerfile& file) {
  dockerfile::ParseResult parsed =
      dockerfile::try_parse(inputs.dockerfile_text, inputs.dockerfile_name);
  file = std::move(parsed.file);
  if (parsed.mistakes.empty()) return {};
  std::vector<Error> all = std::move(parsed.mistakes);
  for (auto& mistake : graph::mistakes(file, request)) all.push_back(std::move(mistake));
  return all;
}

Error violations(const std::vector<dockerfile::Finding>& findings) {
  std::vector<std::string> rules;
  for (const auto& finding : findings)
    if (std::find(rules.begin(), rules.end(), finding.rule) == rules.end())
      rules.push_back(finding.rule);
  return Error("lint violation found for rules: " + join(rules, ", "), {},
               "repair them, skip them with \"# check=skip=RULE\" on the first line, or leave out "
               "\"error=true\"");
}

std::vector<graph::Target> lower_and_check(const dockerfile::Dockerfile& file, const Inputs& inputs,
                                           const graph::Request& request, graph::Resolver& resolver,
                                           seams::Observer& observer,
                                           std::vector<dockerfile::Finding>& findings,
                                           graph::Joint& joint) {
  graph::Survey survey;
  survey.checks = dockerfile::check_options(file, request.build_args);
  survey.ignore = inputs.ignore ? &*inputs.ignore : nullptr;
  const auto lowered = [&] {
    try {
      return graph::lower_into(joint, file, request, resolver, &survey);
    } catch (const Error&) {
      tell(inputs, survey.findings, observer);
      throw;
    }
  };
  std::vector<graph::Target> targets = lowered();
  tell(inputs, survey.findings, observer);
  findings = std::move(survey.findings);
  if (survey.checks.error && !findings.empty()) throw violations(findings);
  return targets;
}

std::vector<BuildWarning> build_warnings(const Inputs& inputs,
                                         const std::vector<dockerfile::Finding>& findings) {
  std::vector<BuildWarning> out;
  for (const auto& finding : findings)
    out.push_back({.rule = {},
                   .message = dockerfile::short_text(finding),
                   .detail = std::string(dockerfile::rule_description(finding.rule)),
                   .url = dockerfile::rule_page(finding.rule),
                   .file = inputs.dockerfile_name,
                   .line = finding.span.line,
                   .end_line = finding.span.end_line});
  return out;
}

}  // namespace slipway::build

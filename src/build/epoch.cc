#include "build/epoch.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/parse.h"
#include "graph/graph.h"
#include "graph/scope.h"
#include "source/archive.h"
#include "source/git.h"
#include "source/stored_file.h"

namespace slipway::build {
namespace {

constexpr const char* kName = "SOURCE_DATE_EPOCH";
constexpr uint64_t kLast = 253402300799;  // the end of the year 9999

/// For stages that may not have a base image.
class NoImages : public graph::Resolver {
 public:
  graph::ResolvedImage image(const std::string& name, const oci::Platform&) override {
    throw Error(fmt::format("a stage with the image {} tells no time", name));
  }
};

std::optional<int64_t> time_of(const dockerfile::GitUrl& url, bool keep_git_dir, const InputTools& tools) {
  const source::GitSource source{.url = url, .keep_git_dir = keep_git_dir};
  const source::Git git(tools.store, tools.git, tools.threads, tools.stop);
  const source::GitCommit commit = git.resolve(source);
  git.files(source, commit);
  return git.time_of(commit);
}

std::optional<int64_t> time_of(const std::string& url, const InputTools& tools) {
  source::ArchiveOptions options;
  options.single_id = tools.single_id;
  options.authorization = source::http_authorization(tools.git.secrets, url);
  options.stop = tools.stop;
  return source::http_context(tools.store, url, options).time;
}

/// The stage's only source is asked.
std::optional<int64_t> time_of_stage(const dockerfile::Dockerfile& file, size_t index, graph::Request wanted,
                                     const InputTools& tools) {
  const auto refuse = [&] {
    return dockerfile::error_at(file, file.stages[index].head.span,
                                fmt::format("{} names the stage {}, which tells no time", kName, file.stages[index].name()),
                                "it must be FROM scratch and have one ADD of a git repository or a URL");
  };
  wanted.target = file.stages[index].name();
  wanted.platforms.resize(1);
  wanted.build_args.erase(kName);
  NoImages images;
  graph::Graph graph;
  try {
    graph = graph::lower(file, wanted, images);
  } catch (const Error&) {
    throw refuse();
  }
  const graph::Step* source = nullptr;
  for (const auto& step : graph.steps) {
    if (step.as<graph::Scratch>() || step.as<graph::Copy>()) continue;
    const bool is_remote = step.as<graph::GitCheckout>() || step.as<graph::Download>();
    if (!is_remote || source) throw refuse();
    source = &step;
  }
  if (!source) throw refuse();
  if (const auto* git = source->as<graph::GitCheckout>()) return time_of(git->url, git->keep_git_dir, tools);
  return time_of(source->as<graph::Download>()->url, tools);
}

/// The default of an ARG before the first FROM; empty if there is none, or if it has mistakes, which are told later.
std::string default_of(const dockerfile::Dockerfile& file, const graph::Request& wanted) {
  try {
    return graph::global_args(file, wanted, wanted.platforms.front()).get(kName).value_or("");
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::optional<int64_t> source_date_epoch(const BuildRequest& request, const Inputs& inputs, const InputTools& tools,
                                         graph::Request& wanted) {
  const auto given = request.build_args.find(kName);
  if (given == request.build_args.end() && !inputs.dockerfile_text.contains(kName)) return std::nullopt;
  const dockerfile::Dockerfile file = dockerfile::try_parse(inputs.dockerfile_text, inputs.dockerfile_name).file;
  const std::string value = given == request.build_args.end() ? default_of(file, wanted) : given->second;
  if (value.empty()) return std::nullopt;
  if (const auto seconds = parse_u64(value); seconds && *seconds <= kLast) return static_cast<int64_t>(*seconds);

  std::optional<int64_t> time;
  const auto stage = dockerfile::find_stage(file, value, file.stages.size());
  if (value == "context") {
    time = inputs.context_time;
  } else if (const auto* context = graph::named_context(wanted, value, wanted.platforms.front())) {
    if (context->git) time = time_of(*context->git, context->git->keep_git_dir.value_or(false), tools);
    else if (!context->url.empty()) time = time_of(context->url, tools);
  } else if (stage && !parse_u64(value)) {
    time = time_of_stage(file, *stage, wanted, tools);
  } else {
    throw Error(fmt::format("{}={} is no time", kName, value), {},
                "it is a number of seconds since 1970, \"context\", or the name of a context or stage");
  }
  if (time) wanted.build_args[kName] = fmt::format("{}", *time);
  else if (given != request.build_args.end()) wanted.build_args.erase(kName);
  else wanted.build_args[kName] = "";
  return time;
}

}  // namespace slipway::build

#include "build/join_output.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "build/output_options.h"
#include "build/repository.h"
#include "json/json.h"
#include "os/fs.h"

namespace slipway::build {
namespace {

constexpr const char* kFlag = "--join";

std::vector<oci::Platform> own_platforms(const BuildRequest& request) {
  return request.platforms.empty() ? std::vector{oci::host_platform()} : request.platforms;
}

joins::Plan plan_of(const JoinSpec& join, registry::Reference target) {
  return {.target = std::move(target), .id = join.id, .expected = join.expected};
}

}  // namespace

void check_join(const BuildRequest& request) {
  if (!request.join) return;
  const auto& expected = request.join->expected;
  if (expected.empty())
    throw Error("which platforms will the tag have?", kFlag,
                "say it on every machine: --join-expect linux/amd64,linux/arm64");
  for (const auto& platform : own_platforms(request))
    if (std::ranges::find(expected, platform) == expected.end())
      throw Error(fmt::format("{} is built here, and is not among the expected platforms {}",
                              platform.str(), joins::text_of(expected)),
                  "--join-expect", "add it on every machine, or build other platforms here");
  bool is_pushed = false;
  for (const auto& spec : request.outputs) {
    const OutputOptions output = read_output(spec, request, 0);
    if (!output.push) continue;
    is_pushed = true;
    if (output.by_digest)
      throw Error("push-by-digest sets no tag that machines could meet at", kFlag,
                  "leave one of them out");
    if (output.names.empty())
      throw Error("there is no tag to meet at", kFlag, "give one with -t registry/name:tag");
    for (const auto& name : output.names)
      if (registry::parse_reference(name).tag.empty())
        throw Error(fmt::format("{} has no tag to meet at", name), kFlag);
  }
  if (!is_pushed)
    throw Error("machines meet in a registry, and nothing is pushed", kFlag, "add --push");
}

JoinSpec complete_join(const BuildRequest& request, std::stop_token stop) {
  JoinSpec join = *request.join;
  if (!join.id.empty()) return join;
  if (os::is_directory(request.context)) {
    const auto facts = repository_of(os::absolute_path(request.context), stop);
    if (const auto revision = facts.find("revision"); revision != facts.end())
      join.id = "git-" + revision->second;
  }
  if (join.id.empty())
    throw Error("nothing tells which builds belong together: this is no CI run that is known, and "
                "the context is no git repository",
                kFlag, "give all machines the same --join=ID, for example a build number");
  return join;
}

void check_agreement(const JoinSpec& join, const std::vector<std::string>& names,
                     registry::Client& client, std::stop_token stop) {
  for (const auto& name : names)
    joins::check_plan(client, plan_of(join, registry::parse_reference(name)), stop);
}

JoinResult join_tag(const JoinSpec& join, const registry::Reference& to,
                    const std::vector<oci::Platform>& platforms, std::string_view index,
                    registry::Client& client, std::stop_token stop) {
  const joins::Plan plan = plan_of(join, to);
  joins::Fragment fragment = joins::fragment_of(plan, platforms, index, to.familiar());
  fragment.from = join.from;
  fragment.at = std::time(nullptr);
  joins::enter(client, fragment, stop);
  JoinResult out{joins::settle(client, plan, false, stop), {}};
  out.lines.push_back(fmt::format("joined {} with {} as {}", to.familiar(),
                                  joins::text_of(platforms), plan.id));
  for (const auto& note : out.state.notes) out.lines.push_back("note: " + note);
  if (out.state.is_published)
    out.lines.push_back(
        fmt::format("published {} ({})", to.familiar(), out.state.would_be->digest.str()));
  else
    out.lines.push_back(fmt::format("waiting for {}; `slipway join {}` shows the state",
                                    joins::text_of(joins::missing(out.state.slots)),
                                    to.familiar()));
  return out;
}

std::string join_json(const joins::State& state) {
  json::Value out = json::Value::object();
  out["id"] = state.plan.id;
  out["tag"] = state.plan.target.str();
  const auto list = [](const std::vector<oci::Platform>& platforms) {
    json::Value texts = json::Value::array();
    for (const auto& platform : platforms) texts.push_back(platform.str());
    return texts;
  };
  out["expected"] = list(state.plan.expected);
  out["missing"] = list(joins::missing(state.slots));
  out["published"] = state.is_published;
  if (state.is_published) out["digest"] = state.would_be->digest.str();
  return json::dump(out);
}

}  // namespace slipway::build

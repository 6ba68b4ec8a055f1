#include "cli/build_request.h"

#include <fmt/core.h>

#include <sys/utsname.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/git_url.h"
#include "joins/identity.h"

namespace slipway::cli {
namespace {

/// "k=v" -> map; the last of a key wins. Without "=": the variable of the environment (nothing if
/// it is not set), or, where there is no environment to ask, the empty value.
std::map<std::string, std::string> key_values(const std::vector<std::string>& list,
                                              const char* flag, const Environment* environment) {
  std::map<std::string, std::string> out;
  for (const auto& text : list) {
    const size_t equals = text.find('=');
    const std::string key = text.substr(0, equals);
    if (key.empty())
      throw Error(fmt::format("\"{}\" has no name before the value", text), flag,
                  "write name=value");
    if (equals != text.npos) {
      out[key] = text.substr(equals + 1);
    } else if (!environment) {
      out[key] = "";
    } else if (const auto value = (*environment)(key)) {
      out[key] = *value;
    }
  }
  return out;
}

/// Values of a List flag without empty ones, which docker ignores (scripts pass empty variables).
std::vector<std::string> given(const ParsedArgs& args, std::string_view name) {
  auto list = args.list(name);
  std::erase(list, "");
  return list;
}

std::vector<oci::Platform> platforms_of(const ParsedArgs& args, const Environment& environment) {
  std::vector<std::string> texts = given(args, "platform");
  const bool is_from_environment = !args.is_set("platform");
  if (is_from_environment)
    if (const auto fallback = environment("DOCKER_DEFAULT_PLATFORM");
        fallback && !fallback->empty())
      texts = {*fallback};
  std::vector<oci::Platform> out;
  for (const auto& text : texts) {
    try {
      for (const auto& platform : oci::parse_platforms(text))
        if (std::find(out.begin(), out.end(), platform) == out.end()) out.push_back(platform);
    } catch (Error& e) {
      throw e.at(is_from_environment ? "DOCKER_DEFAULT_PLATFORM" : "--platform");
    }
  }
  return out;
}

/// --push and --load change the outputs that are there for it, and add one only where there is none.
std::vector<build::OutputSpec> outputs_of(const ParsedArgs& args) {
  std::vector<build::OutputSpec> out;
  for (const auto& text : given(args, "output")) out.push_back(parse_output(text));
  const auto is_image = [](const build::OutputSpec& o) { return o.type == "image" || o.type == "registry"; };
  const auto is_load = [](const build::OutputSpec& o) { return o.type == "docker" && o.dest.empty(); };
  const size_t given_outputs = out.size();
  if (args.flag("load") && std::ranges::none_of(out, is_load))
    out.push_back({.type = "docker", .dest = {}, .attrs = {}});
  if (args.flag("push")) {
    bool is_pushed = false;
    for (size_t i = 0; i < given_outputs; ++i) {
      if (!is_image(out[i])) continue;
      out[i].attrs["push"] = "true";
      is_pushed = true;
    }
    if (!is_pushed) out.push_back({.type = "registry", .dest = {}, .attrs = {}});
  }
  const auto to_stdout =
      std::count_if(out.begin(), out.end(), [](const auto& output) { return output.dest == "-"; });
  if (to_stdout > 1)
    throw Error("two outputs go to standard output", "--output",
                "give all but one of them a dest=FILE");
  return out;
}

std::vector<build::AttestSpec> attests_of(const ParsedArgs& args) {
  std::vector<build::AttestSpec> out;
  for (const auto& text : given(args, "attest")) out.push_back(parse_attest(text));
  for (const char* type : {"provenance", "sbom"})
    if (const auto text = args.value(type); text && !text->empty())
      out.push_back(parse_attest_shorthand(type, *text));
  return out;
}

void read_entitlements(const ParsedArgs& args, build::BuildRequest& request) {
  for (const auto& text : given(args, "allow")) {
    check_entitlement(text);
    if (text == "buildx.local.delete")
      request.allow_local_delete = true;
    else
      request.allow.push_back(text);
  }
}

std::map<std::string, std::string> resources_of(const ParsedArgs& args) {
  std::map<std::string, std::string> out;
  for (const char* key : {"memory", "memory-swap", "cpu-shares", "cpu-period", "cpu-quota",
                          "cpuset-cpus", "cpuset-mems"})
    if (const auto value = args.value(key))
      out.insert(parse_resource(fmt::format("{}={}", key, *value)));
  for (const auto& text : given(args, "resource")) {
    auto [key, value] = parse_resource(text);
    out[key] = std::move(value);
  }
  return out;
}

build::CallSpec call_of(const ParsedArgs& args) {
  build::CallSpec call;
  for (const char* flag : {"print", "call"})
    if (const auto text = args.value(flag); text && !text->empty()) call = parse_call(*text);
  if (args.flag("check")) call.name = "lint";
  return call;
}

build::Progress progress_named(const std::string& name, const char* where) {
  if (name == "auto") return build::Progress::Auto;
  if (name == "plain") return build::Progress::Plain;
  if (name == "tty") return build::Progress::Tty;
  if (name == "rawjson") return build::Progress::RawJson;
  if (name == "quiet" || name == "none") return build::Progress::Quiet;
  static const std::vector<std::string> kNames = {"auto",  "none",    "plain",
                                                  "quiet", "rawjson", "tty"};
  const auto near = closest(name, kNames);
  throw Error(fmt::format("unknown progress mode \"{}\"", name), where,
              near ? fmt::format("did you mean {}?", *near)
                   : fmt::format("the modes are: {}", join(kNames, ", ")));
}

/// In docker's words "quiet" prints the image ID at the end and "none" does not; --quiet is
/// progress=quiet.
void read_progress(const ParsedArgs& args, const Environment& environment,
                   build::BuildRequest& request) {
  const std::string given_mode = args.value_or("progress", "auto");
  request.progress = progress_named(given_mode, "--progress");
  request.quiet = args.flag("quiet") || given_mode == "quiet";
  if (request.quiet) {
    if (request.progress != build::Progress::Auto && request.progress != build::Progress::Quiet)
      throw Error(fmt::format("--progress={} and --quiet contradict each other", given_mode), {},
                  "leave one of them out");
    request.progress = build::Progress::Quiet;
  } else if (request.progress == build::Progress::Auto) {
    if (const auto mode = environment("BUILDKIT_PROGRESS"); mode && !mode->empty())
      request.progress = progress_named(*mode, "BUILDKIT_PROGRESS");
  }
}

std::optional<build::JoinSpec> join_of(const ParsedArgs& args, const Environment& environment) {
  const auto expected = given(args, "join-expect");
  if (!args.is_set("join")) {
    if (!expected.empty())
      throw Error("nothing is joined", "--join-expect", "add --join, or leave this flag out");
    return std::nullopt;
  }
  build::JoinSpec join;
  join.id = args.value_or("join", "");
  if (join.id.empty()) join.id = joins::run_of(environment);
  struct utsname machine{};
  ::uname(&machine);
  join.from = joins::whereabouts(environment, machine.nodename);
  try {
    if (!expected.empty()) join.expected = oci::parse_platforms(slipway::join(expected, ","));
  } catch (Error& e) {
    throw e.at("--join-expect");
  }
  return join;
}

/// "0" means that there is no ceiling, so that a flag can take back what the environment says.
std::optional<uint64_t> max_store_of(const ParsedArgs& args, const Environment& environment) {
  const auto given_flag = args.value("max-store");
  const std::string text =
      given_flag ? *given_flag : environment("SLIPWAY_MAX_STORE").value_or("");
  if (text.empty()) return std::nullopt;
  const uint64_t bytes = parse_bytes(text, given_flag ? "--max-store" : "SLIPWAY_MAX_STORE");
  return bytes > 0 ? std::optional(bytes) : std::nullopt;
}

void read_own_flags(const ParsedArgs& args, const Environment& environment,
                    build::BuildRequest& request) {
  const std::string emulation = args.value_or("emulation", "allow");
  if (emulation == "allow")
    request.emulation = build::Emulation::Allow;
  else if (emulation == "warn")
    request.emulation = build::Emulation::Warn;
  else if (emulation == "forbid")
    request.emulation = build::Emulation::Forbid;
  else
    throw Error(fmt::format("\"{}\" is none of allow, warn, forbid", emulation), "--emulation");
  const std::string grade = args.value_or("twins", environment("SLIPWAY_TWINS").value_or("off"));
  if (grade == "exact" || grade.empty())
    request.twin_grade = twins::Grade::Exact;
  else if (grade == "fast")
    request.twin_grade = twins::Grade::Fast;
  else if (grade == "off")
    request.twin_grade = twins::Grade::Off;
  else
    throw Error(fmt::format("\"{}\" is none of exact, fast, off", grade), args.value("twins") ? "--twins" : "SLIPWAY_TWINS");
  if (const auto text = args.value("max-emulated")) {
    const auto duration = parse_go_duration(*text);
    if (!duration || *duration < 0)
      throw Error(fmt::format("\"{}\" is no duration", *text), "--max-emulated",
                  "write it like 30s, 5m or 1h30m");
    request.max_emulated = static_cast<double>(*duration) / 1e9;
  }
  request.verify = verify_mode(args, environment);
  request.verify_allow = given(args, "verify-allow");
  if (const auto text = args.value("max-parallel")) {
    const auto number = parse_u64(*text);
    if (!number || *number == 0 || *number > 10000)
      throw Error(fmt::format("\"{}\" is no number of steps", *text), "--max-parallel",
                  "write a number from 1 to 10000");
    request.max_parallel = static_cast<unsigned>(*number);
  }
  request.store = args.value_or("store", environment("SLIPWAY_HOME").value_or(""));
}

std::string metadata_provenance(const Environment& environment) {
  const std::string mode = environment("BUILDX_METADATA_PROVENANCE").value_or("");
  if (mode == "max" || mode == "disabled") return mode;
  return parse_bool(mode) == false ? "disabled" : "min";
}

bool is_true(const Environment& environment, const char* name) {
  return parse_bool(environment(name).value_or("")).value_or(false);
}

/// The same where a wrong value would change the image.
bool must_be_true(const Environment& environment, const char* name) {
  const auto text = environment(name);
  if (!text) return false;
  const auto value = parse_bool(*text);
  if (!value)
    throw Error(fmt::format("\"{}\" is neither true nor false", *text), name, "write 1 or 0");
  return *value;
}

}  // namespace

build::Verify verify_mode(const ParsedArgs& args, const Environment& environment) {
  std::string mode = args.value_or("verify", "");
  const char* where = "--verify";
  if (mode.empty()) {
    mode = environment("SLIPWAY_VERIFY").value_or("");
    where = "SLIPWAY_VERIFY";
  }
  if (mode.empty() || mode == "error") return build::Verify::Error;
  if (mode == "warn") return build::Verify::Warn;
  if (mode == "off") return build::Verify::Off;
  throw Error(fmt::format("\"{}\" is none of error, warn, off", mode), where);
}

build::BuildRequest to_request(const ParsedArgs& args, const Environment& environment) {
  build::BuildRequest request;
  request.context = args.arguments.at(0);
  request.dockerfile = args.value_or("file", "");
  if (request.context.empty())
    throw Error("the build context is empty", {}, "write \".\" for the working directory");
  if (request.context == "-" && request.dockerfile == "-")
    throw Error("standard input cannot be both the build context and the Dockerfile", "--file",
                "give one of them a path");
  request.target = args.value_or("target", "");
  request.platforms = platforms_of(args, environment);
  request.build_args = key_values(args.list("build-arg"), "--build-arg", &environment);
  if (const auto epoch = environment("SOURCE_DATE_EPOCH"); epoch && !epoch->empty())
    request.build_args.try_emplace("SOURCE_DATE_EPOCH", *epoch);
  for (const auto& text : given(args, "build-context")) {
    auto [name, source] = parse_build_context(text);
    request.build_contexts[name] = std::move(source);
  }
  request.labels = key_values(args.list("label"), "--label", nullptr);
  for (const auto& text : given(args, "annotation")) {
    const auto some = parse_annotation(text);
    request.annotations.insert(request.annotations.end(), some.begin(), some.end());
  }

  request.tags = given(args, "tag");
  request.outputs = outputs_of(args);
  request.attests = attests_of(args);
  request.default_attestations = !must_be_true(environment, "BUILDX_NO_DEFAULT_ATTESTATIONS");
  request.default_oci_artifact = !must_be_true(environment, "BUILDX_NO_DEFAULT_OCI_ARTIFACT");
  request.default_image = !is_true(environment, "BUILDX_NO_DEFAULT_LOAD");
  request.skip_if_published = args.flag("skip-if-published");
  request.join = join_of(args, environment);
  request.max_store = max_store_of(args, environment);
  request.metadata_file = args.value_or("metadata-file", "");
  request.iidfile = args.value_or("iidfile", "");
  request.call = call_of(args);

  for (const auto& text : given(args, "secret")) {
    build::SecretSpec secret = parse_secret(text, environment);
    std::erase_if(request.secrets, [&](const auto& other) { return other.id == secret.id; });
    request.secrets.push_back(std::move(secret));
  }
  for (const auto& text : given(args, "ssh")) {
    build::SshSpec ssh = parse_ssh(text);
    std::erase_if(request.ssh, [&](const auto& other) { return other.id == ssh.id; });
    request.ssh.push_back(std::move(ssh));
  }
  if (request.ssh.empty() && environment("SSH_AUTH_SOCK")) {
    const auto git = dockerfile::parse_git_url(request.context);
    if (git && git->is_ssh()) request.ssh.push_back({.id = "default", .paths = {}});
  }
  request.network = args.value_or("network", "default");
  if (request.network.empty()) request.network = "default";
  if (request.network != "default" && request.network != "none" && request.network != "host")
    throw Error(
        fmt::format("unknown network mode \"{}\"", request.network), "--network",
        "the modes are default, none and host; there are no networks of a docker daemon here");
  for (const auto& record : given(args, "add-host"))
    for (const auto& text : csv_fields(record, "--add-host")) {
      const auto some = parse_add_host(text);
      request.add_hosts.insert(request.add_hosts.end(), some.begin(), some.end());
    }
  read_entitlements(args, request);
  request.cgroup_parent = args.value_or("cgroup-parent", "");
  if (const auto size = args.value("shm-size")) request.shm_size = parse_bytes(*size, "--shm-size");
  for (const auto& text : given(args, "ulimit")) {
    build::UlimitSpec limit = parse_ulimit(text);
    std::erase_if(request.ulimits, [&](const auto& other) { return other.name == limit.name; });
    request.ulimits.push_back(std::move(limit));
  }
  request.resources = resources_of(args);

  request.no_cache = args.flag("no-cache");
  for (const auto& text : given(args, "no-cache-filter"))
    for (const auto& stage : split(text, ','))
      if (!stage.empty()) request.no_cache_filter.push_back(stage);
  request.pull = args.flag("pull");
  for (const auto& [flag, list] :
       {std::pair("cache-from", &request.cache_from), {"cache-to", &request.cache_to}})
    for (const auto& text : given(args, flag)) {
      const auto some = parse_cache(text, fmt::format("--{}", flag));
      list->insert(list->end(), some.begin(), some.end());
    }
  for (const auto& text : given(args, "cache-mount")) {
    const size_t equals = text.rfind('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
      throw Error(fmt::format("\"{}\" is not ID=DIR", text), "--cache-mount",
                  "an ID is what id= says in RUN --mount=type=cache, or else the mount's target");
    request.cache_mounts[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& text : given(args, "policy")) request.policies.push_back(parse_policy(text));
  request.source_policy = environment("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY").value_or("");

  read_progress(args, environment, request);
  read_own_flags(args, environment, request);
  request.metadata_provenance = metadata_provenance(environment);
  request.metadata_warnings = is_true(environment, "BUILDX_METADATA_WARNINGS");
  return request;
}

}  // namespace slipway::cli

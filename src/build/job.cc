#include "build/job.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"

namespace slipway::build {
namespace {

constexpr std::string_view kTarget = "target:";

std::map<std::string, graph::NamedContext> named_contexts(const BuildRequest& request) {
  std::map<std::string, graph::NamedContext> out;
  for (const auto& [name, value] : request.build_contexts) {
    graph::NamedContext context;
    if (value.starts_with("docker-image://")) context.image = value.substr(15);
    else if (value.starts_with("oci-layout://")) context.image = value;
    else if (value.starts_with(kTarget) && !request.name.empty()) context.image = "scratch";  // until it is known
    else if (value.starts_with(kTarget))
      throw Error(fmt::format("the named context {} is a target of a bake file, and there is none here", name), value,
                  "name a directory, an image (docker-image://), a layout (oci-layout://) or a URL, or use slipway bake");
    else if (os::is_directory(value)) context.dir = os::absolute_path(value);
    else if (auto git = dockerfile::parse_git_url(value)) context.git = std::move(*git);
    else if (is_http_url(value)) context.url = value;
    else
      throw Error(fmt::format("the named context {} is {}", name, os::exists(value) ? "not a directory" : "not there"), value,
                  "name a directory, an image (docker-image://), a layout (oci-layout://), a git repository or a URL");
    out[name] = std::move(context);
  }
  return out;
}

/// What the rules of the main context are told apart by.
std::string rules_of(const Inputs& inputs) { return inputs.ignore_text.value_or(""); }

/// What a command can tell of the build it runs for, besides its step.
std::string surroundings_of(const BuildRequest& request) {
  std::string out;
  for (const auto& secret : request.secrets) out += fmt::format("secret {} {} {}\n", secret.id, secret.src, secret.env);
  for (const auto& ssh : request.ssh) {
    out += "ssh " + ssh.id + "\n";
    for (const auto& path : ssh.paths) out += " " + path + "\n";
  }
  for (const auto& host : request.add_hosts) out += fmt::format("host {} {}\n", host.host, host.ip);
  for (const auto& limit : request.ulimits) out += fmt::format("ulimit {} {} {}\n", limit.name, limit.soft, limit.hard);
  for (const auto& [name, value] : request.resources) out += fmt::format("limit {} {}\n", name, value);
  out += fmt::format("{} {}\n", request.shm_size, request.cgroup_parent);
  if (const auto it = request.build_args.find("BUILDKIT_SANDBOX_HOSTNAME"); it != request.build_args.end()) out += it->second;
  return out;
}

}  // namespace

graph::Request graph_request(const BuildRequest& request, const Inputs& inputs) {
  graph::Request out;
  out.build_platform = oci::host_platform();
  out.platforms = request.platforms;
  if (out.platforms.empty()) out.platforms = {out.build_platform};
  for (const auto& platform : out.platforms)
    if (platform.os != "linux")
      throw Error(fmt::format("images for {} cannot be built", platform.str()), "--platform", "linux platforms can");
  out.target = request.target;
  out.context_dir = inputs.context_dir;
  if (inputs.context_snapshot) out.context_snapshot = inputs.context_snapshot->id;
  out.context_name = inputs.context_name;
  out.context_keeps_times = inputs.context_keeps_times;
  out.build_args = request.build_args;
  out.job_name = request.name;
  out.named_contexts = named_contexts(request);
  out.labels = request.labels;
  out.default_network = request.network.empty() ? "default" : request.network;
  out.no_cache = request.no_cache;
  out.no_cache_stages = request.no_cache_filter;
  const auto allowed = [&](const char* what) {
    return std::find(request.allow.begin(), request.allow.end(), what) != request.allow.end();
  };
  out.allow_insecure = allowed("security.insecure");
  out.allow_host_network = allowed("network.host") || request.network == "host";
  out.surroundings = surroundings_of(request);
  out.context_rules = rules_of(inputs);
  return out;
}

StepOptions step_options(const Job& job, uint32_t index, const exec::Namespace& ns, const graph::Graph& graph) {
  const BuildRequest& request = job.request;
  const Inputs& inputs = job.inputs;
  StepOptions out;
  out.context_key = inputs.dockerfile_key;
  out.dockerfile = inputs.dockerfile_text;
  out.git = job.git;
  out.host = oci::host_platform();
  out.forbid_emulation = request.emulation == Emulation::Forbid;
  out.max_emulated = request.max_emulated;
  out.twin_grade = request.twin_grade;
  out.single_id = ns.mapping == exec::IdMapping::Single;
  out.threads = std::max(2u, std::thread::hardware_concurrency());
  for (const auto& context : graph.contexts) {
    if (context.job != index) continue;
    if (context.is_main && inputs.ignore) out.ignore[context.name] = *inputs.ignore;
    if (context.is_main) continue;
    const std::string path = os::join_path(context.dir, ".dockerignore");
    if (const auto text = os::read_file_if_exists(path)) out.ignore[context.name] = dockerfile::IgnoreFile::parse(*text, path);
  }
  for (const auto& secret : request.secrets) {
    Secret value;
    if (!secret.env.empty()) {
      const char* text = std::getenv(secret.env.c_str());
      value.value = text ? text : "";
    } else {
      value.file = os::absolute_path(secret.src);
      if (!os::exists(value.file)) throw Error(fmt::format("the file of secret \"{}\" is not there", secret.id), secret.src);
    }
    out.secrets[secret.id] = std::move(value);
  }
  out.ssh = job.ssh.sockets();
  for (const auto& host : request.add_hosts) out.extra_hosts.emplace_back(host.host, host.ip == "host-gateway" ? "127.0.0.1" : host.ip);
  for (const auto& limit : request.ulimits)
    out.limits.ulimits.push_back(fmt::format("{}={}:{}", limit.name, limit.soft, limit.hard));
  if (request.shm_size) out.limits.shm_size = request.shm_size;
  out.limits.cgroup_parent = request.cgroup_parent;
  out.limits.resources = request.resources;
  if (const auto it = request.build_args.find("BUILDKIT_SANDBOX_HOSTNAME"); it != request.build_args.end()) out.hostname = it->second;
  return out;
}

std::vector<std::string> linked(const BuildRequest& request) {
  std::vector<std::string> out;
  if (request.name.empty()) return out;  // no bake file: graph_request says so
  for (const auto& [name, value] : request.build_contexts)
    if (value.starts_with(kTarget)) out.push_back(value.substr(kTarget.size()));
  return out;
}

void link(Job& job, const std::vector<std::unique_ptr<Job>>& others) {
  for (const auto& [name, value] : job.request.build_contexts) {
    if (!value.starts_with(kTarget)) continue;
    for (const auto& other : others)
      if (other->request.name == value.substr(kTarget.size())) {
        graph::NamedContext context;
        context.targets = other->targets;
        job.wanted.named_contexts[name] = std::move(context);
      }
  }
}

namespace {

void visit(const std::vector<BuildRequest>& requests, size_t index, std::vector<std::string>& path,
           std::vector<size_t>& order) {
  if (std::ranges::find(order, index) != order.end()) return;
  const std::string& name = requests[index].name;
  if (std::ranges::find(path, name) != path.end()) {
    path.push_back(name);
    throw Error(fmt::format("targets use each other in a circle: {}", join(path, " -> ")), {},
                "a target can only be made of targets that are not made of it");
  }
  path.push_back(name);
  for (const auto& used : linked(requests[index])) {
    const auto it = std::ranges::find(requests, used, &BuildRequest::name);
    if (it == requests.end())
      throw Error(fmt::format("there is no target \"{}\" among those that are built", used), fmt::format("target {}", name));
    visit(requests, static_cast<size_t>(it - requests.begin()), path, order);
  }
  path.pop_back();
  order.push_back(index);
}

}  // namespace

std::vector<size_t> in_order(const std::vector<BuildRequest>& requests) {
  std::vector<size_t> order;
  std::vector<std::string> path;
  for (size_t i = 0; i < requests.size(); ++i) visit(requests, i, path, order);
  return order;
}

}  // namespace slipway::build

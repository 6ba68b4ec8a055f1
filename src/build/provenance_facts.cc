#include "build/provenance_facts.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "attest/purl.h"
#include "attest/steps.h"
#include "base/error.h"
#include "base/text.h"
#include "build/repository.h"
#include "exec/sandbox.h"
#include "os/fs.h"
#include "registry/reference.h"

namespace slipway::build {
namespace {

bool is_local(const std::string& context) { return context != "-" && os::is_directory(context); }

attest::Material image_material(const graph::BaseImage& image, const oci::Platform& platform) {
  attest::Material out{.uri = {}, .algorithm = "sha256", .hex = image.manifest.hex()};
  const size_t at = image.reference.rfind("@sha256:");
  if (at != image.reference.npos) out.hex = image.reference.substr(at + 8);
  if (const size_t scheme = image.reference.find("://"); scheme != image.reference.npos) {
    // A layout has a place instead of a name.
    const std::string path =
        image.reference.substr(scheme + 3, at == image.reference.npos ? at : at - scheme - 3);
    out.uri =
        attest::package_url("oci", "", os::base_name(path), "", {{"platform", platform.str()}});
    return out;
  }
  const registry::Reference ref = registry::parse_reference(image.reference);
  out.uri = attest::image_url("docker", image.reference, platform, ref.tag.empty());
  return out;
}

/// Proxies may have passwords in them, and are no part of the result.
bool is_proxy(const std::string& argument) {
  const std::string name = to_lower(argument);
  return name == "http_proxy" || name == "https_proxy" || name == "ftp_proxy" ||
         name == "no_proxy" || name == "all_proxy";
}

std::map<std::string, std::string> frontend_args(const BuildRequest& request) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : request.build_args)
    if (!is_proxy(key)) out["build-arg:" + key] = value;
  for (const auto& [key, value] : request.labels) out["label:" + key] = value;
  if (!request.target.empty()) out["target"] = request.target;
  if (request.no_cache)
    out["no-cache"] = "";
  else if (!request.no_cache_filter.empty())
    out["no-cache"] = join(request.no_cache_filter, ",");
  if (!request.network.empty() && request.network != "default")
    out["force-network-mode"] = request.network;
  std::vector<std::string> hosts;
  for (const auto& host : request.add_hosts) hosts.push_back(host.host + "=" + host.ip);
  if (!hosts.empty()) out["add-hosts"] = join(hosts, ",");
  if (request.shm_size) out["shm-size"] = fmt::format("{}", request.shm_size);
  std::vector<std::string> limits;
  for (const auto& limit : request.ulimits)
    limits.push_back(fmt::format("{}={}:{}", limit.name, limit.soft, limit.hard));
  if (!limits.empty()) out["ulimit"] = join(limits, ",");
  for (const auto& [name, value] : request.build_contexts) {
    const bool is_dir = is_local(value) && value.find(':') == value.npos;
    out["context:" + name] = is_dir ? "local:" + name : without_credentials(value);
  }
  return out;
}

/// Steps that are cached need no emulator, so it may be missing: that is no reason to fail now.
std::map<std::string, std::string> emulators_for(const std::vector<oci::Platform>& foreign) {
  std::map<std::string, std::string> out;
  if (foreign.empty()) return out;
  try {
    for (const auto& [platform, emulator] : exec::enable_emulation(foreign))
      if (!emulator.path.empty())
        out[platform] = emulator.version.empty() ? os::base_name(emulator.path) : emulator.version;
  } catch (const Error&) {
    out.clear();
  }
  return out;
}

void add(std::vector<attest::Material>& list, attest::Material material) {
  if (std::ranges::find(list, material) == list.end()) list.push_back(std::move(material));
}

/// A commit as a digest: SHA-1 unless it is as long as SHA-256.
attest::Material git_material(const std::string& remote, const std::string& commit) {
  return {.uri = without_credentials(remote),
          .algorithm = commit.size() == 64 ? "sha256" : "sha1",
          .hex = commit};
}

void add_uses(const graph::Run& run, attest::ProvenanceFacts& facts) {
  const auto put = [](std::vector<attest::Use>& list, const graph::Mount& mount) {
    const auto it = std::ranges::find(list, mount.id, &attest::Use::id);
    if (it == list.end())
      list.push_back({mount.id, !mount.required});
    else
      it->optional = it->optional && !mount.required;
  };
  for (const auto& mount : run.mounts) {
    if (mount.type == dockerfile::Mount::Type::Secret) put(facts.secrets, mount);
    if (mount.type == dockerfile::Mount::Type::Ssh) put(facts.ssh, mount);
  }
  if (run.network != "none") facts.uses_network = true;
}

}  // namespace

attest::ProvenanceFacts provenance_facts(const AttestContext& context, size_t target) {
  const BuildRequest& request = context.request;
  attest::ProvenanceFacts out;
  out.builder_platform = oci::host_platform();
  out.args = frontend_args(request);
  out.dockerfile_name = os::base_name(context.dockerfile_name);
  out.dockerfile = context.dockerfile;
  out.config_path = out.dockerfile_name;

  std::set<std::string> locals;
  std::vector<oci::Platform> foreign;
  for (const auto id : attest::steps_of(context.graph, context.graph.targets[target]).order) {
    const graph::Step& step = context.graph.steps[id];
    if (const auto* image = step.as<graph::BaseImage>())
      add(out.materials, image_material(*image, step.platform));
    if (const auto* files = step.as<graph::ContextFiles>())
      locals.insert(context.graph.contexts[files->context].name);
    if (const auto* run = step.as<graph::Run>()) {
      add_uses(*run, out);
      if (!oci::runs_natively(out.builder_platform, step.platform))
        foreign.push_back(step.platform);
    }
    if (const auto* git = step.as<graph::GitCheckout>()) {
      const auto commit = context.commits.find(id);
      add(out.materials, git_material(git->url.ref.empty() ? git->url.remote : git->url.remote + "#" + git->url.ref,
                                      commit == context.commits.end() ? git->url.checksum : commit->second));
    }
    if (const auto* file = step.as<graph::Download>()) {
      const auto& stack = context.steps.result(id).stack;
      attest::Material material{
          .uri = without_credentials(file->url), .algorithm = "sha256", .hex = {}};
      if (!stack.empty() && stack.back().tree && !stack.back().tree->empty())
        if (const auto& digest = stack.back().tree->entries().back().content.digest)
          material.hex = to_hex(*digest);
      add(out.materials, std::move(material));
    }
  }
  if (is_local(request.context))
    locals.insert("dockerfile");
  else if (request.context != "-")
    out.config_uri = without_credentials(request.context);
  if (!context.context_commit.empty()) {
    out.config_digest = git_material(request.context, context.context_commit);
    add(out.materials, out.config_digest);
  }
  out.locals.assign(locals.begin(), locals.end());
  std::ranges::sort(out.materials);
  std::ranges::sort(out.secrets);
  std::ranges::sort(out.ssh);
  if (is_local(request.context))
    out.vcs = repository_of(os::absolute_path(request.context), context.stop);
  out.emulators = emulators_for(foreign);
  return out;
}

}  // namespace slipway::build

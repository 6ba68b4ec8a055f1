#include "cli/bake_request.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "cli/build_request.h"
#include "dockerfile/git_url.h"
#include "os/fs.h"

namespace slipway::cli {
namespace {

using bake::EntryKind;

bool is_remote(const std::string& path) {
  return path.starts_with("http://") || path.starts_with("https://") ||
         (dockerfile::parse_git_url(path) && !os::exists(path));
}

/// A path of this machine; nothing for images, targets, layouts and URLs.
std::optional<std::string> local_path(const std::string& path) {
  for (const char* scheme : {"target:", "docker-image:", "oci-layout:"})
    if (path.starts_with(scheme)) return std::nullopt;
  if (is_remote(path)) return std::nullopt;
  return path;
}

std::string dockerfile_of(const bake::Target& target) {
  const std::string context = target.context.value_or("."), name = target.dockerfile.value_or("Dockerfile");
  if (is_remote(name) || is_remote(context)) return name == "Dockerfile" ? "" : name;
  return os::clean_path(os::join_path(context, name));
}

std::vector<std::string> assignments(const bake::Pairs& pairs) {
  std::vector<std::string> out;
  for (const auto& [name, value] : pairs) out.push_back(name + "=" + value);
  return out;
}

std::vector<std::string> texts(EntryKind kind, const bake::Entries& entries) {
  std::vector<std::string> out;
  if (entries)
    for (const auto& entry : *entries) out.push_back(bake::entry_text(kind, entry));
  return out;
}

std::string value_of(const bake::Entry& entry, const char* key) {
  const auto it = entry.find(key);
  return it == entry.end() ? "" : it->second;
}

/// What is asked for, or what --allow gives.
struct Rights {
  std::set<std::string> read, write;  // paths
  bool ssh = false, host_network = false, insecure = false, local_delete = false;
};

void ask(const bake::Target& target, Rights& out) {
  for (const auto& path : {target.context.value_or("."), dockerfile_of(target)})
    if (const auto local = local_path(path); local && !path.empty()) out.read.insert(*local);
  for (const auto& [name, context] : target.contexts)
    if (const auto local = local_path(context)) out.read.insert(*local);
  const auto each = [](const bake::Entries& entries, const auto& work) {
    if (entries)
      for (const auto& entry : *entries) work(entry);
  };
  each(target.outputs, [&](const bake::Entry& entry) {
    const std::string dest = value_of(entry, "dest");
    if (!dest.empty() && dest != "-") out.write.insert(dest);
    out.local_delete |= value_of(entry, "mode") == "delete";
  });
  each(target.cache_to, [&](const bake::Entry& entry) {
    if (value_of(entry, "type") == "local" && entry.contains("dest")) out.write.insert(entry.at("dest"));
  });
  each(target.cache_from, [&](const bake::Entry& entry) {
    if (value_of(entry, "type") == "local" && entry.contains("src")) out.read.insert(entry.at("src"));
  });
  each(target.secrets, [&](const bake::Entry& entry) {
    if (!value_of(entry, "src").empty()) out.read.insert(entry.at("src"));
  });
  each(target.ssh, [&](const bake::Entry& entry) {
    if (!entry.contains("paths")) out.ssh = true;
    else
      for (const auto& path : split(entry.at("paths"), ',')) out.read.insert(path);
  });
  for (const auto& name : target.entitlements.value_or(std::vector<std::string>{})) {
    out.host_network |= name == "network.host";
    out.insecure |= name == "security.insecure";
  }
}

Rights given(const ParsedArgs& args, const std::vector<std::string>& overrides) {
  Rights out;
  out.read.insert(".");
  out.write.insert(".");
  for (const auto& text : args.list("allow")) {
    const size_t equals = text.find('=');
    const std::string key = text.substr(0, equals), value = equals == text.npos ? "" : text.substr(equals + 1);
    if (key == "network.host") out.host_network = true;
    else if (key == "security.insecure") out.insecure = true;
    else if (key == "ssh") out.ssh = true;
    else if (key == "buildx.local.delete") out.local_delete = true;
    else if (key == "fs.read" || key == "fs") out.read.insert(value);
    if (key == "fs.write" || key == "fs") out.write.insert(value);
    static const std::vector<std::string> kKnown = {"network.host", "security.insecure", "ssh", "buildx.local.delete", "fs.read",
                                                    "fs.write", "fs", "device", "image", "image.push", "image.load"};
    if (std::ranges::find(kKnown, key) == kKnown.end()) {
      const auto near = closest(key, kKnown);
      throw Error(fmt::format("there is no entitlement \"{}\"", key), "--allow",
                  near ? fmt::format("did you mean {}?", *near) : fmt::format("there are: {}", join(kKnown, ", ")));
    }
  }
  // Who names a file on the command line means it.
  for (const auto& text : overrides) {
    const size_t equals = text.find('=');
    const size_t dot = text.find('.');
    if (equals == text.npos || dot > equals) continue;
    bake::Target named;
    std::string key = text.substr(dot + 1, equals - dot - 1);
    if (key.ends_with('+')) key.pop_back();
    if (key.starts_with("secret.")) key = "secrets";
    for (const char* known : {"output", "cache-to", "cache-from", "secrets", "ssh", "entitlements"})
      if (key == known) bake::apply_override(named, key, false, {text.substr(equals + 1)});
    ask(named, out);
  }
  return out;
}

std::string real_path(const std::string& path) {
  std::error_code failed;
  const auto out = std::filesystem::weakly_canonical(os::absolute_path(path), failed);
  return failed ? os::absolute_path(path) : out.string();
}

/// The paths that none of the allowed ones has below it.
std::vector<std::string> missing(const std::set<std::string>& wanted, const std::set<std::string>& allowed) {
  std::vector<std::string> out;
  for (const auto& path : wanted) {
    const std::string real = real_path(path);
    const bool is_allowed = std::ranges::any_of(allowed, [&](const std::string& parent) {
      if (parent == "*") return true;
      const std::string top = real_path(parent);
      return real == top || top == "/" || real.starts_with(top + "/");
    });
    if (!is_allowed) out.push_back(path);
  }
  return out;
}

}  // namespace

build::BuildRequest to_request(const bake::Target& target, const ParsedArgs& args, const Environment& environment) {
  ParsedArgs build;
  build.arguments = {target.context.value_or(".")};
  const auto set = [&](const char* flag, const std::optional<std::string>& value) {
    if (value) build.values[flag] = {*value};
  };
  const auto list = [&](const char* flag, std::vector<std::string> values) {
    if (!values.empty()) build.values[flag] = std::move(values);
  };
  if (!target.dockerfile_inline) set("file", dockerfile_of(target));
  set("target", target.stage);
  set("network", target.network);
  set("shm-size", target.shm_size);
  set("call", target.call);
  if (target.pull) set("pull", *target.pull ? "true" : "false");
  if (target.no_cache) set("no-cache", *target.no_cache ? "true" : "false");
  list("build-arg", assignments(target.args));
  list("label", assignments(target.labels));
  list("build-context", assignments(target.contexts));
  list("add-host", assignments(target.extra_hosts));
  list("resource", assignments(target.resources));
  list("tag", target.tags.value_or(std::vector<std::string>{}));
  list("annotation", target.annotations.value_or(std::vector<std::string>{}));
  list("platform", target.platforms.value_or(std::vector<std::string>{}));
  list("no-cache-filter", target.no_cache_filter.value_or(std::vector<std::string>{}));
  list("ulimit", target.ulimits.value_or(std::vector<std::string>{}));
  list("allow", target.entitlements.value_or(std::vector<std::string>{}));
  list("attest", texts(EntryKind::Attest, target.attest));
  list("cache-from", texts(EntryKind::Cache, target.cache_from));
  list("cache-to", texts(EntryKind::Cache, target.cache_to));
  list("output", texts(EntryKind::Output, target.outputs));
  list("secret", texts(EntryKind::Secret, target.secrets));
  list("ssh", texts(EntryKind::Ssh, target.ssh));
  list("policy", texts(EntryKind::Policy, target.policy));
  for (const char* shared : {"progress", "emulation", "max-emulated", "verify", "verify-allow", "max-parallel", "store", "metadata-file", "skip-if-published"})
    if (const auto it = args.values.find(shared); it != args.values.end()) build.values[shared] = it->second;
  try {
    if (build.arguments[0] == "-" || target.dockerfile == "-")
      throw Error("a bake target cannot read standard input", {}, "name a directory, or a file");
    build::BuildRequest out = to_request(build, environment);
    out.name = target.name;
    out.dockerfile_inline = target.dockerfile_inline;
    out.allow_local_delete = args.is_set("allow") && join(args.list("allow"), " ").contains("buildx.local.delete");
    out.is_linked = target.is_linked;
    return out;
  } catch (Error& error) {
    throw error.while_doing("in target " + target.name);
  }
}

void check_allowed(const bake::Plan& plan, const ParsedArgs& args, const std::vector<std::string>& overrides,
                   const Environment& environment) {
  Rights wanted;
  for (const auto& [name, target] : plan.targets) ask(target, wanted);
  const Rights allowed = given(args, overrides);
  std::vector<std::string> flags;
  if (wanted.host_network && !allowed.host_network) flags.push_back("network.host");
  if (wanted.insecure && !allowed.insecure) flags.push_back("security.insecure");
  if (wanted.local_delete && !allowed.local_delete) flags.push_back("buildx.local.delete");
  const auto setting = environment("BUILDX_BAKE_ENTITLEMENTS_FS");
  if (!setting || parse_bool(*setting).value_or(true)) {
    if (wanted.ssh && !allowed.ssh) flags.push_back("ssh");
    for (const auto& path : missing(wanted.read, allowed.read)) flags.push_back("fs.read=" + path);
    for (const auto& path : missing(wanted.write, allowed.write)) flags.push_back("fs.write=" + path);
  }
  if (flags.empty()) return;
  std::string all;
  for (const auto& flag : flags) all += " --allow=" + flag;
  throw Error("the bake file asks for what it may not do by itself: " + join(flags, ", "), {},
              fmt::format("if you trust it, pass{}", all));
}

}  // namespace slipway::cli

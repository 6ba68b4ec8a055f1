// See credentials.h.
#include "registry/credentials.h"

#include <fmt/core.h>

#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"
#include "os/fs.h"
#include "os/process.h"
#include "registry/challenge.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kDockerHubKey = "https://index.docker.io/v1/";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct Source {
  std::string origin;
  json::Value root;
};

std::optional<Source> read_source(const std::string& path) {
  const auto text = os::read_file_if_exists(path);
  if (!text || trim(*text).empty()) return std::nullopt;
  Source source{path, json::parse(*text, path)};
  if (!source.root.is_object())
    throw Error("it is not a JSON object", path, "write it anew with `docker login`, or repair it");
  return source;
}

std::vector<std::string> default_paths() {
  std::vector<std::string> out;
  const std::string home = environment("HOME");
  if (const std::string dir = environment("DOCKER_CONFIG"); !dir.empty()) {
    out.push_back(os::join_path(dir, "config.json"));
  } else if (!home.empty()) {
    out.push_back(os::join_path(home, ".docker/config.json"));
  }
  if (const std::string path = environment("REGISTRY_AUTH_FILE"); !path.empty())
    out.push_back(path);
  if (const std::string dir = environment("XDG_RUNTIME_DIR"); !dir.empty())
    out.push_back(os::join_path(dir, "containers/auth.json"));
  if (const std::string dir = environment("XDG_CONFIG_HOME"); !dir.empty()) {
    out.push_back(os::join_path(dir, "containers/auth.json"));
  } else if (!home.empty()) {
    out.push_back(os::join_path(home, ".config/containers/auth.json"));
  }
  return out;
}

/// "https://host/v1/" and "host/" are "host": older docker versions wrote such keys.
std::string plain_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  for (const std::string_view version : {"/v1/", "/v2/", "/v1", "/v2"})
    if (key.ends_with(version)) key.remove_suffix(version.size());
  while (key.ends_with('/')) key.remove_suffix(1);
  return std::string(key == "index.docker.io" || key == "registry-1.docker.io" ? "docker.io" : key);
}

/// "host/a/b", "host/a", "host".
std::vector<std::string> keys_of(const std::string& host, const std::string& repository) {
  std::vector<std::string> out;
  std::string key = host + "/" + repository;
  while (key.size() > host.size()) {
    out.push_back(key);
    key.erase(key.rfind('/'));
  }
  out.push_back(host);
  return out;
}

std::optional<Credential> from_auth_entry(const json::Value& entry, const std::string& key,
                                          const std::string& origin) {
  if (!entry.is_object()) return std::nullopt;
  Credential credential{.username = json::string_or(entry, "username"),
                        .secret = json::string_or(entry, "password"),
                        .identity_token = json::string_or(entry, "identitytoken"),
                        .registry_token = json::string_or(entry, "registrytoken"),
                        .origin = origin};
  if (const std::string auth = json::string_or(entry, "auth"); !auth.empty()) {
    const auto decoded = base64_decode(trim(auth));
    const size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos)
      throw Error(fmt::format("the auth of {} is not base64 of USER:PASSWORD", key), origin,
                  fmt::format("log in again: docker login {}", key));
    credential.username = decoded->substr(0, colon);
    credential.secret = decoded->substr(colon + 1);
    while (credential.secret.ends_with('\0')) credential.secret.pop_back();
  }
  const bool empty = credential.username.empty() && credential.secret.empty() &&
                     credential.identity_token.empty() && credential.registry_token.empty();
  return empty ? std::nullopt
               : std::optional(credential);  // {} marks a login that is in the credsStore
}

/// The protocol of docker-credential-helpers: the server's key on standard input, JSON on standard
/// output.
std::optional<Credential> ask_helper(const std::string& name, const std::string& host,
                                     const std::string& origin, std::stop_token stop) {
  const std::string program = "docker-credential-" + name;
  const std::string where = fmt::format("{} (from {})", program, origin);
  if (name.empty() || name.find('/') != name.npos)
    throw Error(fmt::format("\"{}\" is not the name of a credential helper", name), origin);
  if (!os::find_program(program))
    throw Error(fmt::format("the credential helper {} for {} is not installed", program, host),
                origin, "install it, or take it out of credHelpers and credsStore");
  const std::string key = host == "docker.io" ? std::string(kDockerHubKey) : host;
  const os::Finished finished =
      os::run({.argv = {program, "get"}, .env = {}, .cwd = {}, .input = key}, stop);
  if (!finished.ok()) {
    const std::string said(trim(finished.output.empty() ? finished.errors : finished.output));
    if (to_lower(said).find("credentials not found") != said.npos) return std::nullopt;
    throw Error(fmt::format("the credential helper failed for {}: {}", host, said.substr(0, 300)),
                where, fmt::format("try `echo {} | {} get`", key, program));
  }
  const json::Value answer = json::parse(finished.output, where);
  Credential credential{.username = json::string_or(answer, "Username"),
                        .secret = json::string_or(answer, "Secret"),
                        .identity_token = {},
                        .registry_token = {},
                        .origin = where};
  if (credential.username == "<token>") {
    credential.identity_token = std::exchange(credential.secret, {});
    credential.username.clear();
  }
  if (credential.secret.empty() && credential.identity_token.empty()) return std::nullopt;
  return credential;
}

std::optional<Credential> find_in(const Source& source, const std::string& host,
                                  const std::string& repository, std::stop_token stop) {
  const std::vector<std::string> keys = keys_of(host, repository);
  if (const json::Value* helpers = json::find(source.root, "credHelpers");
      helpers && helpers->is_object()) {
    for (const auto& key : keys)
      for (const auto& [name, helper] : helpers->items())
        if (plain_key(name) == key && helper.is_string())
          return ask_helper(helper.get<std::string>(), host, source.origin, stop);
  }
  if (const json::Value* auths = json::find(source.root, "auths"); auths && auths->is_object()) {
    for (const auto& key : keys)
      for (const auto& [name, entry] : auths->items())
        if (plain_key(name) == key)
          if (auto credential = from_auth_entry(entry, key, source.origin)) return credential;
  }
  if (const std::string store = json::string_or(source.root, "credsStore"); !store.empty())
    return ask_helper(store, host, source.origin, stop);
  return std::nullopt;
}

}  // namespace

struct Credentials::Impl {
  std::string docker_config;
  std::once_flag read;
  std::vector<Source> sources;

  void read_all() {
    if (!docker_config.empty()) {
      if (auto source = read_source(os::join_path(docker_config, "config.json")))
        sources.push_back(std::move(*source));
      return;
    }
    if (const std::string text = environment("DOCKER_AUTH_CONFIG"); !text.empty())
      sources.push_back({"$DOCKER_AUTH_CONFIG", json::parse(text, "$DOCKER_AUTH_CONFIG")});
    for (const auto& path : default_paths())
      if (auto source = read_source(path)) sources.push_back(std::move(*source));
  }
};

Credentials::Credentials(const ClientOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->docker_config = options.docker_config;
}

Credentials::~Credentials() = default;

std::optional<Credential> Credentials::find(const std::string& host, const std::string& repository,
                                            std::stop_token stop) {
  std::call_once(impl_->read, [&] { impl_->read_all(); });
  for (const auto& source : impl_->sources)
    if (auto credential = find_in(source, host, repository, stop)) return credential;
  return std::nullopt;
}

}  // namespace slipway::registry

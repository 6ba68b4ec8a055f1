// See settings.h.
#include "registry/settings.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/text.h"
#include "http/url.h"
#include "json/json.h"
#include "os/fs.h"
#include "registry/registries_conf.h"

namespace slipway::registry {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string in_home(std::string_view path) {
  const std::string home = environment("HOME");
  return home.empty() ? "" : os::join_path(home, path);
}

std::string in_user_config(std::string_view path) {
  const std::string base = environment("XDG_CONFIG_HOME");
  return base.empty() ? in_home(".config/" + std::string(path)) : os::join_path(base, path);
}

/// A user's registries.conf replaces the system's, as it does for podman and skopeo.
std::vector<std::string> default_registries_conf() {
  if (const std::string path = environment("CONTAINERS_REGISTRIES_CONF"); !path.empty())
    return {path};
  const std::string user = in_user_config("containers/registries.conf");
  if (!user.empty() && os::exists(user)) return {user};
  std::vector<std::string> out = {"/etc/containers/registries.conf"};
  if (!user.empty()) out.push_back(user);  // for its .d directory
  return out;
}

std::vector<std::string> default_certs_d() {
  std::vector<std::string> out;
  if (const std::string user = in_user_config("containers/certs.d"); !user.empty())
    out.push_back(user);
  if (const std::string user = in_user_config("docker/certs.d"); !user.empty()) out.push_back(user);
  out.insert(out.end(), {"/etc/containers/certs.d", "/etc/docker/certs.d"});
  return out;
}

std::vector<std::string> default_daemon_json() {
  const std::string user = in_user_config("docker/daemon.json");
  // A rootless docker's own file counts instead of the system's. (Who is root cannot be asked here:
  // inside a user namespace everybody is.)
  if (!user.empty() && os::exists(user)) return {user};
  return {"/etc/docker/daemon.json"};
}

std::vector<std::string> strings_of(const json::Value& root, std::string_view key,
                                    const std::string& origin) {
  std::vector<std::string> out;
  const json::Value* list = json::find(root, key);
  if (!list || list->is_null()) return out;
  const auto wrong = [&] { return Error(fmt::format("{} is not a list of strings", key), origin); };
  if (!list->is_array()) throw wrong();
  for (const auto& item : *list) {
    if (!item.is_string()) throw wrong();
    out.push_back(item.get<std::string>());
  }
  return out;
}

/// Whether the numeric address in `host` lies in `network` ("10.0.0.0/8", "fd00::/8").
bool in_network(std::string_view host, std::string_view network) {
  const size_t slash = network.find('/');
  if (slash == network.npos) return false;
  const auto bits = parse_u64(network.substr(slash + 1));
  const std::string base(network.substr(0, slash));
  std::string address(host.substr(0, host.starts_with('[') ? host.find(']') : host.find(':')));
  if (address.starts_with('[')) address.erase(0, 1);
  uint8_t wanted[16], have[16];
  for (const int family : {AF_INET, AF_INET6}) {
    const uint64_t most = family == AF_INET ? 32 : 128;
    if (!bits || *bits > most) continue;
    if (::inet_pton(family, base.c_str(), wanted) != 1 ||
        ::inet_pton(family, address.c_str(), have) != 1)
      continue;
    for (uint64_t bit = 0; bit < *bits; ++bit)
      if (((wanted[bit / 8] ^ have[bit / 8]) >> (7 - bit % 8)) & 1) return false;
    return true;
  }
  return false;
}

/// "host[:port][/path]" split at its first slash; `rest` is what the reference adds.
Endpoint endpoint_at(const std::string& name) {
  const size_t slash = name.find('/');
  CHECK(slash != name.npos);
  return {.host = name.substr(0, slash), .repository = name.substr(slash + 1), .scheme = {}};
}

}  // namespace

std::string Endpoint::api_host() const {
  return host == "docker.io" ? "registry-1.docker.io" : host;
}

struct Settings::Impl {
  RegistriesConf conf;
  std::vector<std::string> certs_d;
  std::vector<std::string> insecure_hosts;     // names, "host:port", networks
  std::vector<std::string> docker_io_mirrors;  // URLs of daemon.json

  void read_daemon_json(const std::string& path) {
    // It belongs to another program, whose administrator may keep it from users.
    if (::access(path.c_str(), R_OK) != 0) return;
    const auto text = os::read_file_if_exists(path);
    if (!text || trim(*text).empty()) return;
    const json::Value root = json::parse(*text, path);
    for (const auto& url : strings_of(root, "registry-mirrors", path)) {
      if (!http::parse_url(url))
        throw Error(fmt::format("registry-mirrors has \"{}\", which is not a URL", url), path,
                    "write https://HOST");
      docker_io_mirrors.push_back(url);
    }
    for (const auto& host : strings_of(root, "insecure-registries", path))
      insecure_hosts.push_back(host);
  }

  Endpoint original(const Reference& ref, const RegistryEntry* entry) const {
    const std::string name = ref.host + "/" + ref.repository;
    Endpoint endpoint = endpoint_at(entry ? rewrite(name, entry->prefix, entry->location) : name);
    endpoint.insecure = (entry && entry->insecure) || is_insecure(endpoint.host);
    return endpoint;
  }

  const RegistryEntry* allowed_entry(const Reference& ref) const {
    const RegistryEntry* entry = conf.find(ref);
    if (entry && entry->blocked)
      throw Error(fmt::format("{} is blocked by the entry \"{}\"", ref.familiar(), entry->prefix),
                  entry->origin, "use another registry, or take blocked = true out of that file");
    return entry;
  }

  bool is_insecure(const std::string& host) const {
    if (http::is_loopback(host)) return true;
    const std::string_view name = std::string_view(host).substr(0, host.rfind(':'));
    return std::any_of(insecure_hosts.begin(), insecure_hosts.end(),
                       [&](const std::string& allowed) {
                         return allowed == host || allowed == name || in_network(host, allowed);
                       });
  }

  std::vector<std::string> certificate_dirs(const std::string& host) const {
    std::vector<std::string> out;
    for (const auto& base : certs_d)
      if (const std::string directory = os::join_path(base, host); os::is_directory(directory))
        out.push_back(directory);
    return out;
  }
};

Settings::Settings(const ClientOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->conf = read_registries_conf(options.registries_conf.empty() ? default_registries_conf()
                                                                     : options.registries_conf);
  impl_->certs_d = options.certs_d.empty() ? default_certs_d() : options.certs_d;
  impl_->insecure_hosts = options.insecure_hosts;
  for (const auto& path : options.daemon_json.empty() ? default_daemon_json() : options.daemon_json)
    impl_->read_daemon_json(path);
}

Settings::~Settings() = default;

std::vector<Endpoint> Settings::pull_endpoints(const Reference& ref) const {
  const RegistryEntry* entry = impl_->allowed_entry(ref);
  const std::string name = ref.host + "/" + ref.repository;
  std::vector<Endpoint> out;
  if (entry) {
    for (const auto& mirror : entry->mirrors) {
      if (mirror.serves == MirrorEntry::For::DigestsOnly && ref.digest.empty()) continue;
      if (mirror.serves == MirrorEntry::For::TagsOnly && !ref.digest.empty()) continue;
      Endpoint endpoint = endpoint_at(rewrite(name, entry->prefix, mirror.location));
      endpoint.insecure = mirror.insecure || impl_->is_insecure(endpoint.host);
      endpoint.is_mirror = true;
      out.push_back(std::move(endpoint));
    }
  }
  if (ref.host == "docker.io") {
    for (const auto& text : impl_->docker_io_mirrors) {
      const http::Url url = *http::parse_url(text);
      std::string path = url.path.substr(1);
      while (path.ends_with('/')) path.pop_back();
      const bool has_default_port = url.port == (url.scheme == "https" ? 443 : 80);
      Endpoint endpoint{.host = has_default_port ? url.host : url.host_port(),
                        .repository = path.empty() ? ref.repository : path + "/" + ref.repository,
                        .scheme = url.scheme};
      endpoint.insecure = url.scheme == "http" || impl_->is_insecure(endpoint.host);
      endpoint.is_mirror = true;
      out.push_back(std::move(endpoint));
    }
  }
  out.push_back(impl_->original(ref, entry));
  return out;
}

Endpoint Settings::push_endpoint(const Reference& ref) const {
  return impl_->original(ref, impl_->allowed_entry(ref));
}

bool Settings::is_insecure(const std::string& host) const { return impl_->is_insecure(host); }

bool Settings::has_certificates(const std::string& host) const {
  return !impl_->certificate_dirs(host).empty();
}

http::Tls Settings::tls_for(const std::string& host, bool insecure) const {
  http::Tls tls;
  for (const auto& directory : impl_->certificate_dirs(host)) {
    for (const auto& name : os::list_dir(directory)) {
      const std::string path = os::join_path(directory, name);
      if (name.ends_with(".crt")) tls.ca_pem += os::read_file(path) + "\n";
      if (!name.ends_with(".cert") || !tls.client_cert.empty()) continue;
      const std::string key = path.substr(0, path.size() - 5) + ".key";
      if (!os::exists(key))
        throw Error(
            "the client certificate has no key", path,
            fmt::format("put the key at {}; files ending in .crt are certificate authorities",
                        key));
      tls.client_cert = path;
      tls.client_key = key;
    }
  }
  // A registry whose authority was given is verified with it, even where plain HTTP would be
  // allowed.
  tls.verify = !insecure || !tls.ca_pem.empty();
  return tls;
}

}  // namespace slipway::registry

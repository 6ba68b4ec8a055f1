// See docker_load.h. The archive is pushed by its writer and pulled by the HTTP client: a Channel
// joins the two, with the request on a thread of its own.
#include "registry/docker_load.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "http/client.h"
#include "json/json.h"
#include "os/fd.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::registry {
namespace {

constexpr size_t kChannelBytes = 256u << 10;
constexpr int kUnpackSeconds = 1800;  // docker unpacks the layers before it answers

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// A bounded pipe of bytes between two threads.
class Channel {
 public:
  /// Blocks while full. False once the reader has gone: nobody wants more.
  bool write(std::span<const uint8_t> bytes, const std::stop_token& stop) {
    while (!bytes.empty()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop, [&] { return buffer_.size() < kChannelBytes || reader_gone_; });
      if (stop.stop_requested()) throw Cancelled();
      if (reader_gone_) return false;
      const size_t n = std::min(bytes.size(), kChannelBytes - buffer_.size());
      buffer_.append(reinterpret_cast<const char*>(bytes.data()), n);
      bytes = bytes.subspan(n);
      changed_.notify_all();
    }
    return true;
  }
  void end(bool complete) {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    complete_ = complete;
    changed_.notify_all();
  }
  /// 0 at the end. Throws Cancelled when the writer failed: the archive must not look whole.
  size_t read(std::span<uint8_t> into, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !buffer_.empty() || ended_; });
    if (stop.stop_requested() || (ended_ && !complete_)) throw Cancelled();
    const size_t n = buffer_.copy(reinterpret_cast<char*>(into.data()), into.size());
    buffer_.erase(0, n);
    changed_.notify_all();
    return n;
  }
  void reader_leaves() {
    const std::lock_guard lock(mutex_);
    reader_gone_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string buffer_;
  bool ended_ = false, complete_ = false, reader_gone_ = false;
};

/// A place where docker may listen.
struct Daemon {
  std::string address;  // as configured, for messages
  std::string url;      // "http://docker" or "https://host:port"
  std::string unix_socket;
  http::Tls tls;
  bool chosen = false;  // by the user: no other place will do
};

Daemon daemon_at(const std::string& address, bool chosen) {
  Daemon daemon{
      .address = address, .url = "http://docker", .unix_socket = {}, .tls = {}, .chosen = chosen};
  if (address.starts_with("unix://")) {
    daemon.unix_socket = address.substr(7);
    return daemon;
  }
  if (address.starts_with("tcp://") || address.starts_with("http://") ||
      address.starts_with("https://")) {
    const std::string rest = address.substr(address.find("://") + 3);
    const bool verify = !environment("DOCKER_TLS_VERIFY").empty();
    const bool tls =
        verify || address.starts_with("https://") || !environment("DOCKER_TLS").empty();
    daemon.url = (tls ? "https://" : "http://") + rest;
    if (tls) {
      std::string dir = environment("DOCKER_CERT_PATH");
      if (dir.empty()) dir = os::join_path(environment("HOME"), ".docker");
      daemon.tls.verify = verify;
      daemon.tls.ca_pem = os::read_file_if_exists(os::join_path(dir, "ca.pem")).value_or("");
      if (const std::string cert = os::join_path(dir, "cert.pem"); os::exists(cert)) {
        daemon.tls.client_cert = cert;
        daemon.tls.client_key = os::join_path(dir, "key.pem");
      }
    }
    return daemon;
  }
  throw Error(
      fmt::format("cannot load into docker at {}: only unix:// and tcp:// are supported", address),
      {},
      "set DOCKER_HOST to such an address, or write a file with -o type=docker,dest=image.tar and "
      "load that");
}

/// The address of docker's current context, as `docker context use` left it; nullopt for the
/// default context.
std::optional<std::string> context_address() {
  std::string dir = environment("DOCKER_CONFIG");
  if (dir.empty() && !environment("HOME").empty())
    dir = os::join_path(environment("HOME"), ".docker");
  if (dir.empty()) return std::nullopt;
  std::string name = environment("DOCKER_CONTEXT");
  if (name.empty()) {
    const std::string path = os::join_path(dir, "config.json");
    const auto text = os::read_file_if_exists(path);
    if (!text || trim(*text).empty()) return std::nullopt;
    name = json::string_or(json::parse(*text, path), "currentContext");
  }
  if (name.empty() || name == "default") return std::nullopt;
  const std::string path =
      os::join_path(dir, "contexts/meta/" + hash::sha256_hex(name) + "/meta.json");
  const auto text = os::read_file_if_exists(path);
  if (!text)
    throw Error(fmt::format("docker's context {} is not there", name), path,
                "choose one: docker context ls");
  const json::Value root = json::parse(*text, path);
  const json::Value* endpoints = json::find(root, "Endpoints");
  const json::Value* docker = endpoints ? json::find(*endpoints, "docker") : nullptr;
  const std::string host = docker ? json::string_or(*docker, "Host") : "";
  return host.empty() ? std::nullopt : std::optional(host);
}

std::vector<Daemon> daemons(const LoadOptions& options) {
  if (!options.docker_host.empty()) return {daemon_at(options.docker_host, true)};
  if (const std::string host = environment("DOCKER_HOST"); !host.empty())
    return {daemon_at(host, true)};
  if (const auto host = context_address()) return {daemon_at(*host, true)};
  std::vector<Daemon> out = {daemon_at("unix:///var/run/docker.sock", false)};
  if (const std::string dir = environment("XDG_RUNTIME_DIR"); !dir.empty())
    out.push_back(daemon_at("unix://" + os::join_path(dir, "docker.sock"), false));
  return out;
}

http::Request request_to(const Daemon& daemon, std::string method, const std::string& path,
                         const std::stop_token& stop) {
  http::Request request{.method = std::move(method), .url = daemon.url + path};
  request.tls = daemon.tls;
  request.unix_socket = daemon.unix_socket;
  request.stop = stop;
  return request;
}

/// nullopt if docker answers there; else why not.
std::optional<std::string> unanswered(const Daemon& daemon, const std::stop_token& stop) {
  const auto response = http::Pool::shared().perform(request_to(daemon, "GET", "/_ping", stop));
  if (!response) return fmt::format("{}: {}", daemon.address, response.error().message);
  if (response->status == 200) return std::nullopt;
  return fmt::format("{}: answered {}", daemon.address, response->status);
}

/// The message in docker's answer, a stream of JSON documents one a line; nullopt if it reports no
/// failure.
std::optional<std::string> refusal(const http::Response& response) {
  std::optional<std::string> found;
  for (const auto& line : split(response.body, '\n')) {
    if (!trim(line).starts_with('{')) continue;
    try {
      const json::Value value = json::parse(trim(line), "docker's answer");
      for (const char* key : {"error", "message"})
        if (std::string text = json::string_or(value, key); !text.empty()) found = std::move(text);
    } catch (const Error&) {
      continue;  // a line of another kind is no verdict
    }
  }
  if (response.status == 200) return found;
  return fmt::format("{} (status {})",
                     found.value_or(std::string(trim(response.body).substr(0, 300))),
                     response.status);
}

void load_into_docker(const Daemon& daemon, const ArchiveWriter& write, std::stop_token stop) {
  Channel channel;
  std::expected<http::Response, http::Failure> answer = std::unexpected(http::Failure{});
  std::exception_ptr request_failed;
  std::thread request_thread([&] {
    try {
      http::Request request = request_to(daemon, "POST", "/images/load?quiet=1", stop);
      request.headers = {{"Content-Type", "application/x-tar"}};
      request.body =
          http::Body{.size = {},
                     .read = [&](std::span<uint8_t> into) { return channel.read(into, stop); },
                     .rewind = {}};
      request.stall_timeout_seconds = kUnpackSeconds;
      answer = http::Pool::shared().perform(request);
    } catch (...) {
      request_failed = std::current_exception();
    }
    channel.reader_leaves();
  });
  struct ReaderGone {};
  std::exception_ptr write_failed;
  try {
    write([&](std::span<const uint8_t> bytes) {
      if (!channel.write(bytes, stop)) throw ReaderGone();
    });
    channel.end(true);
  } catch (const ReaderGone&) {
    channel.end(false);  // docker's answer says why
  } catch (...) {
    write_failed = std::current_exception();
    channel.end(false);
  }
  request_thread.join();
  if (write_failed) std::rethrow_exception(write_failed);
  if (request_failed) std::rethrow_exception(request_failed);
  if (!answer)
    throw http::to_error(answer.error()).while_doing("while loading the image into docker");
  if (const auto why = refusal(*answer))
    throw Error(
        fmt::format("docker does not load the image: {}", *why), daemon.address,
        "write it to a file with -o type=oci,dest=image.tar if this docker is too old for it");
}

/// The environment for podman. Inside a user namespace of a user's own it would take us for root; its own words for "the
/// namespace is set up already" are these variables (containers/storage, pkg/unshare), and the id outside.
std::vector<std::string> podman_environment() {
  std::vector<std::string> env;
  for (char** pair = environ; *pair; ++pair) env.emplace_back(*pair);
  uint32_t inside = 0, uid = 0;
  const std::string map = os::read_file_if_exists("/proc/self/uid_map").value_or("");
  if (::geteuid() != 0 || std::sscanf(map.c_str(), "%u %u", &inside, &uid) != 2 || inside != 0 || uid == 0) return env;
  uint32_t gid = 0;
  std::sscanf(os::read_file_if_exists("/proc/self/gid_map").value_or("").c_str(), "%u %u", &inside, &gid);
  env.emplace_back("_CONTAINERS_USERNS_CONFIGURED=done");
  env.push_back(fmt::format("_CONTAINERS_ROOTLESS_UID={}", uid));
  env.push_back(fmt::format("_CONTAINERS_ROOTLESS_GID={}", gid));
  return env;
}

void load_into_podman(const std::string& program, const ArchiveWriter& write,
                      std::stop_token stop) {
  // podman would copy its standard input to such a file, too, before it looks at it.
  const std::string parent = environment("TMPDIR").empty() ? "/var/tmp" : environment("TMPDIR");
  const os::TempDir dir(parent, "slipway-load-");
  const std::string path = dir.path() + "/image.tar";
  {
    const os::UniqueFd file = os::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    write([&](std::span<const uint8_t> bytes) {
      if (stop.stop_requested()) throw Cancelled();
      os::write_all(file.get(), bytes);
    });
  }
  const os::Finished finished =
      os::run({.argv = {program, "load", "--quiet", "--input", path},
               .env = podman_environment(),
               .cwd = {}},
              stop);
  if (!finished.ok())
    throw Error(fmt::format("podman does not load the image: {}", trim(finished.errors)), {},
                fmt::format("does `{} info` work for this user?", program));
}

}  // namespace

std::string load_archive(const ArchiveWriter& write, std::stop_token stop,
                         const LoadOptions& options) {
  std::string tried;
  for (const Daemon& daemon : daemons(options)) {
    const auto why = unanswered(daemon, stop);
    if (!why) {
      load_into_docker(daemon, write, stop);
      return "docker";
    }
    if (daemon.chosen)
      throw Error(
          "docker does not answer at " + *why, {},
          "start it, or unset DOCKER_HOST (or `docker context use default`) to look elsewhere");
    tried += fmt::format("{}    docker at {}", tried.empty() ? "" : "\n", *why);
  }
  if (!options.podman.empty() && os::find_program(options.podman)) {
    load_into_podman(options.podman, write, stop);
    return "podman";
  }
  if (!options.podman.empty()) tried += fmt::format("\n    {}: not installed", options.podman);
  throw Error("no container engine to load the image into", {},
              "start docker or install podman, set DOCKER_HOST, or write a file: -o "
              "type=docker,dest=image.tar")
      .excerpt(tried);
}

}  // namespace slipway::registry

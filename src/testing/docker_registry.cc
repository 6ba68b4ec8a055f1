// See docker_registry.h.
#include "testing/docker_registry.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "os/fd.h"
#include "os/process.h"

namespace slipway::testing {
namespace {

std::string temp_parent() {
  const char* dir = std::getenv("TMPDIR");
  return dir && *dir ? dir : "/tmp";
}

std::string config_text(const std::string& dir, const DockerRegistryOptions& options) {
  std::string out = fmt::format(
      "version: 0.1\n"
      "log: {{level: info, accesslog: {{disabled: true}}}}\n"
      "storage: {{filesystem: {{rootdirectory: {}/storage}}, delete: {{enabled: true}}}}\n"
      "http:\n"
      "  addr: 127.0.0.1:0\n"
      "  secret: test\n",
      dir);
  if (!options.certificate.empty()) {
    out +=
        fmt::format("  tls:\n    certificate: {}\n    key: {}\n", options.certificate, options.key);
    if (!options.client_ca.empty()) out += fmt::format("    clientcas: [{}]\n", options.client_ca);
  }
  if (!options.htpasswd.empty()) {
    os::write_file_atomic(dir + "/htpasswd", options.htpasswd);
    out += fmt::format("auth: {{htpasswd: {{realm: test, path: {}/htpasswd}}}}\n", dir);
  }
  return out;
}

/// The port in the log line "listening on 127.0.0.1:PORT".
std::optional<int> port_in(const std::string& log) {
  static constexpr std::string_view kMark = "listening on 127.0.0.1:";
  const size_t at = log.find(kMark);
  if (at == log.npos) return std::nullopt;
  const std::string_view rest = std::string_view(log).substr(at + kMark.size());
  const size_t end = rest.find_first_not_of("0123456789");
  if (end == rest.npos) return std::nullopt;  // the line is not complete yet
  const auto port = parse_u64(rest.substr(0, end));
  return port ? std::optional(static_cast<int>(*port)) : std::nullopt;
}

}  // namespace

DockerRegistry::DockerRegistry() : dir_(temp_parent(), "slipway-registry-") {}

std::unique_ptr<DockerRegistry> DockerRegistry::start(const DockerRegistryOptions& options) {
  const auto program = os::find_program("docker-registry");
  if (!program) return nullptr;
  std::unique_ptr<DockerRegistry> registry(new DockerRegistry());
  const std::string dir = registry->dir_.path();
  const std::string config = dir + "/config.yml";
  os::write_file_atomic(config, config_text(dir, options));

  // It picks a free port itself and says in its log which.
  const std::string log = dir + "/log";
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  std::vector<std::string> words = {*program, "serve", config};
  std::array<char*, 4> argv = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int failed =
      ::posix_spawn(&registry->child_, program->c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed) throw Error("cannot start docker-registry");

  while (true) {
    if (const auto port = port_in(registry->log())) {
      registry->port_ = *port;
      return registry;
    }
    int status = 0;
    if (::waitpid(registry->child_, &status, WNOHANG) == registry->child_) {
      registry->child_ = -1;
      throw Error("docker-registry ended: " + registry->log());
    }
    ::poll(nullptr, 0, 5);  // nothing tells when a file grows but another look
  }
}

DockerRegistry::~DockerRegistry() {
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::string DockerRegistry::log() const {
  return os::read_file_if_exists(dir_.path() + "/log").value_or("");
}

}  // namespace slipway::testing

#include "source/git_program.h"

#include <fmt/core.h>

#include <array>
#include <cstdlib>

#include "base/text.h"
#include "dockerfile/git_url.h"
#include "http/url.h"
#include "registry/challenge.h"

namespace slipway::source {
namespace {

constexpr std::array kProxies = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
                                 "http_proxy", "https_proxy", "no_proxy", "all_proxy"};

// Repositories come from strangers: nothing of theirs may run a program, nothing of ours may depend
// on this machine.
constexpr std::pair<const char*, const char*> kConfig[] = {
    {"core.hooksPath", "/dev/null"},
    {"core.logAllRefUpdates", "false"},
    {"advice.detachedHead", "false"},
    {"init.defaultBranch", "master"},
    {"gc.auto", "0"},
    {"maintenance.auto", "false"},
    {"fetch.unpackLimit",
     "1"},  // objects arrive as one pack: all of them or none, whenever we are killed
    {"pack.threads", "1"},  // packs that we keep are the same on every machine
    {"http.lowSpeedLimit", "1"},  // bytes in a second, for as many seconds: a server that died is noticed
    {"http.lowSpeedTime", "120"},
};

std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Keys that the user knows must match; a host that he does not know is believed, as BuildKit
/// believes it.
std::string ssh_command(const GitAccess& access, const std::string& scratch) {
  std::string files = fmt::format("\"{}/known_hosts\"", scratch);
  if (!access.known_hosts.empty()) files += fmt::format(" \"{}\"", access.known_hosts);
  return "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o " +
         shell_quoted("UserKnownHostsFile=" + files);
}

/// "host[:port]" as the URL spells it.
std::string host_of(const std::string& remote) {
  const size_t start = remote.find("://") + 3;
  std::string host = remote.substr(start, remote.find('/', start) - start);
  return host.substr(host.rfind('@') + 1);
}

/// A token for GitHub is good for all of GitHub (submodules); others stay with their repository.
std::string scope_of(const std::string& remote) {
  for (const char* hub : {"https://github.com/", "https://www.github.com/"})
    if (remote.starts_with(hub)) return hub;
  return remote;
}

/// The value of the Authorization header; empty without a secret for this host.
std::string authorization(const std::string& remote, const GitAccess& access) {
  const std::string host = "." + host_of(remote);
  for (const auto& suffix : {host, std::string()}) {
    if (const auto it = access.secrets.find("GIT_AUTH_HEADER" + suffix); it != access.secrets.end())
      return std::string(trim(it->second));
    if (const auto it = access.secrets.find("GIT_AUTH_TOKEN" + suffix); it != access.secrets.end())
      return "basic " + registry::base64_encode("x-access-token:" + std::string(trim(it->second)));
  }
  return {};
}

struct Cure {
  const char* sign;  // what git's words have in them
  const char* hint;
};

constexpr Cure kCures[] = {
    {"could not read Username",
     "the repository is private or not there: check the address, or pass a token with --secret "
     "id=GIT_AUTH_TOKEN,env=NAME"},
    {"Authentication failed", "the token was refused: check --secret id=GIT_AUTH_TOKEN"},
    {"error: 403",
     "the token was refused, or lacks the right to read: check --secret id=GIT_AUTH_TOKEN"},
    {"Permission denied (",
     "no key of the ssh agent is accepted by the server: ssh-add the right one and pass --ssh "
     "default"},
    {"REMOTE HOST IDENTIFICATION HAS CHANGED",
     "the server's key is not the one that your known_hosts file has"},
    {"Could not resolve host", "check the address and the network"},
    {"unable to look up", "check the address and the network"},
    {"Failed to connect",
     "the server does not answer: check the address, the network and the proxy variables"},
    {"unable to connect", "the server does not answer: check the address and the network"},
    {"Connection refused", "the server does not answer: check the address and the network"},
    {"cannot run ssh", "install an ssh client (apt install openssh-client)"},
    {"ssh: not found", "install an ssh client (apt install openssh-client)"},
    {"remote-https' is not a git command",
     "this git lacks http support: install the whole git package"},
    {"transport 'file' not allowed",
     "a repository cannot have submodules on this machine's own disk"},
    {"not allowed", "git is let use http, https, ssh and git:// only"},
    {"certificate",
     "the server's certificate is not trusted here: add its authority to the system's"},
    {"not found",
     "check the address; a private repository needs a token (--secret id=GIT_AUTH_TOKEN,env=NAME)"},
    {"does not appear to be a git repository", "check the address"},
};

/// What git said, without progress and advice; at most a few lines.
std::string words_of(const std::string& errors) {
  std::vector<std::string> kept;
  for (const auto& line : split(errors, '\n')) {
    const std::string text(trim(line.substr(line.rfind('\r') + 1)));
    const bool counts = text.starts_with("fatal: ") || text.starts_with("error: ") ||
                        text.starts_with("ssh: ") || text.starts_with("remote: ") ||
                        text.find("Permission denied") != text.npos;
    if (counts && kept.size() < 4) kept.push_back(text);
  }
  if (kept.empty()) kept.emplace_back(trim(errors));
  return join(kept, "; ");
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  if (from.empty() || from == to) return text;
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

GitProgram::GitProgram(const std::string& remote, const GitAccess& access,
                       const std::string& scratch, std::stop_token stop)
    : remote_(remote), stop_(std::move(stop)) {
  const auto program = os::find_program("git");
  if (!program)
    throw Error("the program git is needed for this and is not installed",
                dockerfile::without_password(remote), "apt install git");
  program_ = *program;
  const char* path = std::getenv("PATH");
  env_ = {fmt::format("PATH={}", path ? path : "/usr/local/bin:/usr/bin:/bin"),
          "LC_ALL=C",
          "HOME=/dev/null",
          "GIT_CONFIG_NOSYSTEM=1",
          "GIT_CONFIG_GLOBAL=/dev/null",
          "GIT_ATTR_NOSYSTEM=1",
          "GIT_TERMINAL_PROMPT=0",
          "GIT_ALLOW_PROTOCOL=http:https:ssh:git"};
  for (const char* name : kProxies)
    if (const char* value = std::getenv(name)) env_.push_back(fmt::format("{}={}", name, value));
  std::vector<std::pair<std::string, std::string>> config(std::begin(kConfig), std::end(kConfig));
  if (dockerfile::GitUrl{.remote = remote}.is_ssh()) {
    if (access.ssh_agent.empty())
      throw Error("this git repository is read over ssh, and no ssh agent was given",
                  dockerfile::without_password(remote),
                  "pass --ssh default (with SSH_AUTH_SOCK set, or as --ssh default=SOCKET)");
    env_.push_back("SSH_AUTH_SOCK=" + access.ssh_agent);
  } else if (const std::string header = authorization(remote, access);
             remote.starts_with("http") && !header.empty()) {
    // In the environment: other users can read command lines.
    config.emplace_back("http." + scope_of(remote) + ".extraheader", "Authorization: " + header);
  }
  env_.push_back("GIT_SSH_COMMAND=" + ssh_command(access, scratch));
  env_.push_back(fmt::format("GIT_CONFIG_COUNT={}", config.size()));
  for (size_t i = 0; i < config.size(); ++i) {
    env_.push_back(fmt::format("GIT_CONFIG_KEY_{}={}", i, config[i].first));
    env_.push_back(fmt::format("GIT_CONFIG_VALUE_{}={}", i, config[i].second));
  }
}

os::Finished GitProgram::run(const Place& place, std::vector<std::string> args) const {
  os::Command command;
  command.argv = {program_};
  if (!place.git_dir.empty()) command.argv.push_back("--git-dir=" + place.git_dir);
  if (!place.work_tree.empty()) command.argv.push_back("--work-tree=" + place.work_tree);
  for (auto& arg : args) command.argv.push_back(std::move(arg));
  command.env = env_;
  command.cwd = place.work_tree.empty() ? "/" : place.work_tree;
  command.umask = 022;
  command.own_group = true;  // git-remote-http and its like
  return os::run(command, stop_);
}

std::string GitProgram::must(const char* doing, const Place& place,
                             std::vector<std::string> args) const {
  os::Finished finished = run(place, std::move(args));
  if (!finished.ok()) throw failure(doing, finished);
  return std::move(finished.output);
}

Error GitProgram::failure(const char* doing, const os::Finished& finished) const {
  const std::string shown = dockerfile::without_password(remote_);
  std::string words = replaced(words_of(finished.errors), remote_, shown);
  if (words.empty()) words = fmt::format("git ended with exit code {}", finished.exit_code());
  Error error(fmt::format("cannot {}: {}", doing, words), shown);
  for (const auto& cure : kCures)
    if (finished.errors.find(cure.sign) != std::string::npos) return error.hint(cure.hint);
  return error;
}

}  // namespace slipway::source

#include "build/repository.h"

#include <cstdlib>
#include <vector>

#include "base/text.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::build {
namespace {

bool is_switched_off(const char* variable) {
  const char* value = std::getenv(variable);
  return value && (std::string_view(value) == "0" || to_lower(value) == "false");
}

bool is_switched_on(const char* variable) {
  const char* value = std::getenv(variable);
  return value && (std::string_view(value) == "1" || to_lower(value) == "true");
}

/// First line of what git answers; empty if it fails.
std::string ask(const std::string& dir, std::vector<std::string> words, std::stop_token stop) {
  words.insert(words.begin(), {"git", "-C", dir});
  const os::Finished finished = os::run({.argv = std::move(words)}, stop);
  const std::string text(trim(finished.output));
  return finished.ok() ? text.substr(0, text.find('\n')) : "";
}

std::string revision_of(const std::string& dir, std::stop_token stop) {
  std::string commit = ask(dir, {"rev-parse", "HEAD"}, stop);
  if (commit.empty() || commit == "HEAD") return {};
  if (is_switched_on("BUILDX_GIT_CHECK_DIRTY") &&
      !ask(dir, {"status", "--porcelain", "--ignored=no"}, stop).empty())
    commit += "-dirty";
  return commit;
}

std::string source_of(const std::string& dir, std::stop_token stop) {
  return without_credentials(ask(dir, {"remote", "get-url", "origin"}, stop));
}

}  // namespace

std::string without_credentials(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return url;
  const size_t begin = scheme + 3, slash = url.find_first_of("/?#", begin);
  const size_t at = url.substr(0, slash).rfind('@');
  return at == url.npos || at < begin ? url : url.substr(0, begin) + url.substr(at + 1);
}

std::map<std::string, std::string> repository_of(const std::string& dir, std::stop_token stop) {
  std::map<std::string, std::string> out;
  if (is_switched_off("BUILDX_GIT_INFO") || !os::find_program("git")) return out;
  const std::string revision = revision_of(dir, stop);
  if (revision.empty()) return out;
  out["revision"] = revision;
  if (const std::string source = source_of(dir, stop); !source.empty()) out["source"] = source;
  return out;
}

std::map<std::string, std::string> git_labels(const BuildRequest& request, std::stop_token stop) {
  std::map<std::string, std::string> out;
  const char* mode = std::getenv("BUILDX_GIT_LABELS");
  if (!mode || (std::string_view(mode) != "full" && !is_switched_on("BUILDX_GIT_LABELS"))) return out;
  if (request.context == "-" || !os::is_directory(request.context) || !os::find_program("git")) return out;
  const std::string dir = os::absolute_path(request.context);
  const std::string root = ask(dir, {"rev-parse", "--show-toplevel"}, stop);
  if (root.empty()) return out;
  if (const std::string revision = revision_of(dir, stop); !revision.empty())
    out["org.opencontainers.image.revision"] = revision;
  if (const std::string source = source_of(dir, stop); !source.empty())
    out["org.opencontainers.image.source"] = source;
  const std::string file = request.dockerfile.empty() ? os::join_path(dir, "Dockerfile")
                                                      : os::absolute_path(request.dockerfile);
  if (request.dockerfile != "-" && file.starts_with(root + "/"))
    out["com.docker.image.source.entrypoint"] = file.substr(root.size() + 1);
  return out;
}

}  // namespace slipway::build

#include "build/inputs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "layer/unpack.h"
#include "os/fd.h"
#include "os/fs.h"
#include "source/archive.h"
#include "source/stored_file.h"

namespace slipway::build {
namespace {

constexpr uint64_t kMaxDockerfile = 64u << 20;  // bytes

std::string read_dockerfile(const std::string& path) {
  const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw errno_error("read the Dockerfile", path).hint("name it with -f, or check the path of the build context");
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size > static_cast<off_t>(kMaxDockerfile)) throw Error("the file is too large to be a Dockerfile", path);
  ::lseek(fd.get(), 0, SEEK_SET);
  return os::read_file(path);
}

/// "DIR/Dockerfile" may also be spelled "DIR/dockerfile"; other names have one spelling.
std::optional<std::string> other_spelling(const std::string& path) {
  if (os::base_name(path) != "Dockerfile") return std::nullopt;
  return path.substr(0, path.size() - 10) + "dockerfile";
}

/// `path`, or its other spelling where only that is there.
std::string spelled_as_it_is(const std::string& path) {
  const auto other = other_spelling(path);
  return other && !os::exists(path) && os::exists(*other) ? *other : path;
}

/// A policy that nobody evaluates would give a feeling of safety.
Error policy_error(const std::string& policy) {
  return Error("there is a policy for what this Dockerfile may use, and policies are not supported", policy,
               "pass --policy disabled=true to build without it");
}

/// The ignore file of a context directory: the Dockerfile's own, else the directory's.
void find_ignore(const std::string& context, const std::string& dockerfile, Inputs& in) {
  const auto take = [&](const std::string& path) {
    in.ignore_text = os::read_file_if_exists(path);
    if (!in.ignore_text) return false;
    in.ignore = dockerfile::IgnoreFile::parse(*in.ignore_text, path);
    in.ignore_name = path;
    return true;
  };
  if (!dockerfile.empty() && take(dockerfile + ".dockerignore")) return;
  take(os::join_path(context, ".dockerignore"));
}

/// Loads one Inputs: a method for each kind of context.
class Loader {
 public:
  Loader(const BuildRequest& request, const InputTools& tools) : request_(request), tools_(tools) {}

  Inputs load() {
    const std::string& context = request_.context;
    if (context == "-") from_standard_input();
    else if (os::is_directory(context)) from_directory();
    else if (const auto git = dockerfile::parse_git_url(context)) from_git(*git);
    else if (is_http_url(context)) from_web_server();
    else if (context.starts_with("file://"))
      throw Error("a build context cannot be a file:// URL", context, "pass the path of a directory, or the URL of a git server");
    else
      throw Error(os::exists(context) ? "the build context is not a directory" : "there is no such build context", context,
                  "the last argument is the directory that COPY reads from, often \".\"");
    return std::move(in_);
  }

 private:
  /// `work` as a step of its own: it may take a while, and the plan is not known yet.
  template <class Work>
  auto as_step(const std::string& name, const Work& work) {
    seams::StepInfo info;
    info.name = name;
    info.kind = seams::StepKind::Source;
    const auto id = tools_.observer.on_step_added(info);
    ++in_.steps;
    tools_.observer.on_started(id);
    source::ArchiveOptions options;
    options.single_id = tools_.single_id;
    options.stop = tools_.stop;
    options.progress = [this, id](const std::string& what, uint64_t done, uint64_t total) {
      tools_.observer.on_progress(id, what, done, total);
    };
    try {
      auto out = work(options);
      tools_.observer.on_finished(id, seams::StepState::Done, {}, "");
      return out;
    } catch (const Error& e) {
      tools_.observer.on_finished(id, seams::StepState::Failed, {}, e.message());
      throw;
    } catch (const Cancelled&) {
      tools_.observer.on_finished(id, seams::StepState::Cancelled, {}, "");
      throw;
    }
  }

  void from_directory() {
    in_.context_dir = os::absolute_path(request_.context);
    std::string path;
    if (!dockerfile_from_outside()) {
      const bool is_default = request_.dockerfile.empty();
      path = spelled_as_it_is(is_default ? os::join_path(in_.context_dir, "Dockerfile") : request_.dockerfile);
      in_.dockerfile_text = read_dockerfile(path);
      in_.dockerfile_name = is_default ? os::base_name(path) : path;
      in_.dockerfile_key = os::absolute_path(path);
      if (has_policies() && os::exists(path + ".rego")) throw policy_error(path + ".rego");
    }
    find_ignore(in_.context_dir, path, in_);
  }

  void from_standard_input() {
    if (request_.dockerfile == "-") throw Error("standard input cannot be both the context and the Dockerfile");
    const os::TempDir spool(tools_.store.scratch_dir(), "stdin-");
    const os::UniqueFd input = os::open_file(spool.path() + "/input", O_RDWR | O_CREAT | O_EXCL, 0600);
    const hash::Sha256Sum sum = take_input(input.get());
    if (layer::looks_like_archive(input.get())) {
      auto files = as_step("[internal] load build context from standard input", [&](const source::ArchiveOptions& options) {
        return source::unpack_archive(tools_.store, input.get(), sum, options).value();
      });
      take_snapshot(std::move(files), "standard input");
      if (!dockerfile_from_outside()) dockerfile_from_snapshot();
      return;
    }
    if (!request_.dockerfile.empty())
      throw Error("standard input has a Dockerfile, and -f names another", request_.dockerfile, "leave one of the two out");
    in_.dockerfile_text = os::read_all(input.get());
    in_.dockerfile_name = "Dockerfile";
    if (in_.dockerfile_text.empty())
      throw Error("standard input is empty", {}, "pipe a Dockerfile or a tar archive into it");
  }

  void from_git(dockerfile::GitUrl url) {
    source::GitSource source;
    source.keep_git_dir = url.keep_git_dir.value_or(false) || keeps_git_dir();
    in_.context_keeps_times = url.commit_times;
    source.url = std::move(url);
    const std::string shown = dockerfile::without_password(request_.context);
    const source::Git git(tools_.store, tools_.git, tools_.threads, tools_.stop);
    auto files = as_step("[internal] load git source " + shown, [&](const source::ArchiveOptions&) {
      const source::GitCommit commit = git.resolve(source);
      auto found = git.files(source, commit);
      in_.context_time = git.time_of(commit);
      in_.context_commit = commit.commit;
      return found;
    });
    take_snapshot(std::move(files), shown);
    if (!dockerfile_from_outside()) dockerfile_from_snapshot();
  }

  void from_web_server() {
    const std::string shown = dockerfile::without_password(request_.context);
    auto context = as_step("[internal] load remote build context " + shown, [&](const source::ArchiveOptions& options) {
      source::ArchiveOptions with_secret = options;
      with_secret.authorization = source::http_authorization(tools_.git.secrets, request_.context);
      return source::http_context(tools_.store, request_.context, with_secret);
    });
    in_.context_time = context.time;
    take_snapshot(std::move(context.files), shown);
    if (dockerfile_from_outside()) return;
    if (context.is_archive) return dockerfile_from_snapshot();
    if (!request_.dockerfile.empty())
      throw Error("the build context is one file, and no archive that could have the Dockerfile of -f", shown, "leave -f out");
    in_.dockerfile_text = source::read_file(*in_.context_snapshot, source::kContextFile, kMaxDockerfile).value_or("");
    in_.dockerfile_name = shown;
  }

  void take_snapshot(source::Snapshot files, std::string name) {
    in_.context_snapshot = std::move(files);
    in_.context_name = std::move(name);
  }

  /// -f names something that is not part of the context: standard input, a URL, or with a context from elsewhere an
  /// absolute path.
  bool dockerfile_from_outside() {
    const std::string& name = request_.dockerfile;
    in_.dockerfile_key = in_.dockerfile_name = name;
    if (request_.dockerfile_inline) {
      in_.dockerfile_text = *request_.dockerfile_inline;
      in_.dockerfile_key = in_.dockerfile_name = "Dockerfile";
    } else if (name == "-") {
      in_.dockerfile_text = os::read_all(0);
      in_.dockerfile_name = "Dockerfile";
    } else if (is_http_url(name)) {
      in_.dockerfile_name = dockerfile::without_password(name);
      source::FileRequest request;
      request.url = name;
      const auto file = as_step("[internal] load remote Dockerfile " + in_.dockerfile_name, [&](const source::ArchiveOptions& o) {
        request.authorization = source::http_authorization(tools_.git.secrets, name);
        request.stop = o.stop;
        return source::fetch_file(tools_.store, request);
      });
      in_.dockerfile_text = read_dockerfile(file.path);
    } else if (in_.context_dir.empty() && name.starts_with('/')) {
      in_.dockerfile_text = read_dockerfile(name);
    } else {
      return false;
    }
    return true;
  }

  void dockerfile_from_snapshot() {
    const bool is_default = request_.dockerfile.empty();
    in_.dockerfile_name = is_default ? "Dockerfile" : request_.dockerfile;
    std::optional<std::string> text;
    try {
      text = source::read_file(*in_.context_snapshot, in_.dockerfile_name, kMaxDockerfile);
      if (const auto other = other_spelling(in_.dockerfile_name); !text && other)
        text = source::read_file(*in_.context_snapshot, *other, kMaxDockerfile);
    } catch (Error& e) {
      throw e.while_doing("while reading the Dockerfile of " + in_.context_name);
    }
    if (!text)
      throw Error(fmt::format("the build context {} has no {}", in_.context_name, in_.dockerfile_name), {},
                  is_default ? "name it with -f, relative to the context" : "-f is relative to a context from elsewhere");
    in_.dockerfile_text = std::move(*text);
    const std::string policy = in_.dockerfile_name + ".rego";
    if (has_policies() && source::read_file(*in_.context_snapshot, policy, kMaxDockerfile)) throw policy_error(policy);
  }

  bool has_policies() const {
    return std::ranges::none_of(request_.policies, [](const PolicySpec& policy) { return policy.disabled; });
  }

  bool keeps_git_dir() const {
    const auto it = request_.build_args.find("BUILDKIT_CONTEXT_KEEP_GIT_DIR");
    if (it == request_.build_args.end()) return false;
    const std::string value = to_lower(it->second);
    return value == "1" || value == "t" || value == "true";
  }

  static hash::Sha256Sum take_input(int into) {
    hash::Sha256 hasher;
    std::array<uint8_t, 1 << 16> buffer;
    while (const size_t n = os::read_some(0, buffer)) {
      hasher.update(std::span<const uint8_t>(buffer.data(), n));
      os::write_all(into, std::span<const uint8_t>(buffer.data(), n));
    }
    ::lseek(into, 0, SEEK_SET);
    return hasher.finish();
  }

  const BuildRequest& request_;
  const InputTools& tools_;
  Inputs in_;
};

}  // namespace

bool is_http_url(std::string_view text) { return text.starts_with("http://") || text.starts_with("https://"); }

Inputs load_inputs(const BuildRequest& request, const InputTools& tools) { return Loader(request, tools).load(); }

source::GitAccess git_access(const BuildRequest& request, const std::map<std::string, std::string>& sockets) {
  source::GitAccess out;
  for (const auto& secret : request.secrets) {
    if (!secret.id.starts_with("GIT_AUTH_") && !secret.id.starts_with("HTTP_AUTH_")) continue;
    const char* value = secret.env.empty() ? nullptr : std::getenv(secret.env.c_str());
    out.secrets[secret.id] = secret.env.empty() ? os::read_file(secret.src) : value ? value : "";
  }
  if (const auto it = sockets.find("default"); it != sockets.end()) out.ssh_agent = it->second;
  if (const char* home = std::getenv("HOME")) out.known_hosts = os::join_path(home, ".ssh/known_hosts");
  return out;
}

}  // namespace slipway::build

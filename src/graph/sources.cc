// Files that are not stages: the build context, named contexts, repositories and downloads. Each becomes one step, whoever
// asks for it.
#include <fmt/core.h>

#include "base/text.h"
#include "graph/lowering.h"
#include "oci/platform.h"

namespace slipway::graph {
namespace {

bool is_url(std::string_view source) { return source.starts_with("http://") || source.starts_with("https://"); }

}  // namespace

StepId Lowering::named_files(const std::string& name, const NamedContext& context, const dockerfile::Span& at) {
  if (!context.dir.empty()) return context_files(name, context.dir, false);
  if (context.git)
    return git_files(*context.git, context.git->keep_git_dir.value_or(false), fmt::format("[context {}] load from git", name), at);
  if (!context.url.empty())
    return download(context.url, "", "context", fmt::format("[context {}] download", name), at);
  return add_step({.op = Scratch{}, .parent = {}, .platform = {}, .name = {}, .location = location(at), .stage = {}, .no_cache = false});
}

StepId Lowering::main_context(const dockerfile::Span& at) {
  if (!request_.context_dir.empty()) return context_files("context", request_.context_dir, true);
  if (request_.context_snapshot.empty())
    throw error(at, "there is no build context to copy from",
                "the Dockerfile came from standard input alone: pass a directory, or use COPY --from or heredocs");
  return add_step({.op = Snapshot{request_.context_snapshot, request_.context_keeps_times},
                   .parent = {},
                   .platform = {},
                   .name = "[internal] files of " + request_.context_name,
                   .location = {},
                   .stage = {},
                   .no_cache = false});
}

StepId Lowering::git_files(dockerfile::GitUrl url, bool keep_git_dir, const std::string& name, const dockerfile::Span& at) {
  std::string shown = fmt::format("{} {}", name, dockerfile::without_password(url.remote));
  if (!url.ref.empty() || !url.subdir.empty()) shown += "#" + url.ref;
  if (!url.subdir.empty()) shown += ":" + url.subdir;
  return add_step({.op = GitCheckout{std::move(url), keep_git_dir},
                   .parent = {},
                   .platform = {},
                   .name = shown,
                   .location = location(at),
                   .stage = {},
                   .no_cache = false});
}

StepId Lowering::download(const std::string& url, const std::string& checksum, const std::string& name,
                          const std::string& shown, const dockerfile::Span& at) {
  return add_step({.op = Download{.url = url, .checksum = checksum, .name = name},
                   .parent = {},
                   .platform = {},
                   .name = fmt::format("{} {}", shown, dockerfile::without_password(url)),
                   .location = location(at),
                   .stage = {},
                   .no_cache = false});
}

std::optional<Copy::Source> Lowering::remote_source(const std::string& source, const dockerfile::Add& add,
                                                    const dockerfile::Span& at) {
  std::optional<dockerfile::GitUrl> git;
  try {
    git = dockerfile::parse_git_url(source);
    // "github.com/..." may be a path of the context.
    if (git && !git->could_be_path) {
      const auto keeps = add.keep_git_dir ? add.keep_git_dir : git->keep_git_dir;
      if (git->keep_git_dir && git->keep_git_dir != keeps)
        throw Error("the URL and --keep-git-dir contradict each other", {}, "keep one of them");
      if (!add.checksum.empty() && !git->checksum.empty() && add.checksum != git->checksum)
        throw Error("the URL and --checksum name different commits", {}, "keep one of them");
      if (!add.checksum.empty()) git->checksum = add.checksum;
      if (git->checksum.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
        throw Error(fmt::format("\"{}\" is not a commit", git->checksum), {}, "a commit is written as its hexadecimal digits");
      return Copy::Source{.input = git_files(std::move(*git), keeps.value_or(false), "[internal] load git source", at),
                          .path = {},
                          .is_download = false,
                          .unpack = false};
    }
  } catch (Error& e) {
    throw error(at, e.message(), e.hint());
  }
  if (!is_url(source)) return std::nullopt;
  return Copy::Source{.input = download(source, add.checksum, "", "[internal] download", at),
                      .path = {},
                      .is_download = true,
                      .unpack = add.unpack.value_or(false)};
}

}  // namespace slipway::graph

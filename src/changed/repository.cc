#include "changed/repository.h"

#include <filesystem>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "os/fs.h"
#include "os/process.h"

namespace slipway::changed {
namespace {

std::vector<std::string> fields(const std::string& text) {
  auto out = split(text, '\0');
  std::erase(out, "");
  return out;
}

}  // namespace

Repository::Repository(const std::string& dir, const std::string& since, std::stop_token stop)
    : root_(os::absolute_path(dir)), stop_(std::move(stop)) {
  if (!os::find_program("git")) throw Error("git is not installed, and only git knows what changed", {}, "install git");
  if (since.empty() || since.starts_with('-')) throw Error(fmt::format("\"{}\" is no revision", since), "--since");
  try {
    root_ = trim(git({"rev-parse", "--show-toplevel"}));
  } catch (Error& error) {
    throw error.hint("run it in a git repository");
  }
  const bool parted = since.ends_with("...");
  const std::string name = parted ? since.substr(0, since.size() - 3) : since;
  try {
    commit_ = trim(git({"rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}"}));
  } catch (const Error&) {
    throw Error(fmt::format("there is no revision \"{}\" here", name), "--since",
                "a shallow clone has few: fetch more of them (in GitHub Actions, fetch-depth: 0)");
  }
  if (parted) {
    try {
      commit_ = trim(git({"merge-base", commit_, "HEAD"}));
    } catch (const Error&) {
      throw Error(fmt::format("HEAD and {} have no commit in common here", name), "--since",
                  "a shallow clone may lack it: fetch more commits");
    }
  }
  for (auto& path : fields(git({"diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--ignore-submodules=none", commit_, "--"})))
    changes_.insert(std::move(path));
  for (auto& path : fields(git({"ls-files", "-z", "--others", "--exclude-standard"}))) changes_.insert(std::move(path));
}

std::string Repository::git(std::vector<std::string> words) const {
  words.insert(words.begin(), {"git", "-C", root_, "--no-optional-locks", "-c", "core.quotepath=off"});
  const std::string doing = words[6];
  os::Finished finished = os::run({.argv = std::move(words)}, stop_);
  if (!finished.ok()) throw Error(fmt::format("git {} failed: {}", doing, trim(finished.errors)), root_);
  return std::move(finished.output);
}

const std::vector<std::string>& Repository::files() const {
  if (!files_) files_ = fields(git({"ls-files", "-z", "--cached", "--others", "--exclude-standard"}));
  return *files_;
}

std::optional<std::string> Repository::before(const std::string& path) const {
  try {
    return git({"cat-file", "blob", commit_ + ":" + path});
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> Repository::path_of(const std::string& file) const {
  namespace fs = std::filesystem;
  std::error_code failed;
  const std::string top = fs::weakly_canonical(root_, failed).string();
  const std::string real = fs::weakly_canonical(os::absolute_path(file), failed).string();
  if (real == top) return "";
  if (!real.starts_with(top + "/")) return std::nullopt;
  return real.substr(top.size() + 1);
}

}  // namespace slipway::changed

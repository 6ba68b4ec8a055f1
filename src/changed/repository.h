// What differs between a revision and the working tree of a git repository, asked of the git program.
#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace slipway::changed {

class Repository {
 public:
  /// The repository around `dir`. `since`: a commit, tag or branch; with "..." at its end, where HEAD parted from it. Throws
  /// Error when there is no git, no repository, or no such revision.
  Repository(const std::string& dir, const std::string& since, std::stop_token stop = {});

  const std::string& root() const { return root_; }        // absolute
  const std::string& commit() const { return commit_; }
  /// Paths that were added, removed, or differ in content, kind or mode; untracked ones that are not ignored are added ones. A
  /// renamed file is there under both names, a submodule under its own path.
  const std::set<std::string>& changes() const { return changes_; }
  /// Every path of the working tree that is tracked, or is neither that nor ignored.
  const std::vector<std::string>& files() const;
  /// The file as it was; nullopt if it was not there.
  std::optional<std::string> before(const std::string& path) const;
  /// The path below the root of a file of this machine, links on the way followed; nullopt for what is outside.
  std::optional<std::string> path_of(const std::string& file) const;

 private:
  std::string git(std::vector<std::string> words) const;

  std::string root_, commit_;
  std::set<std::string> changes_;
  mutable std::optional<std::vector<std::string>> files_;
  std::stop_token stop_;
};

}  // namespace slipway::changed

// Git repositories as ADD, build contexts and --build-context name them: what counts as git, and
// which commit and folder of it are meant. Pure text; source/git does the work.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace slipway::dockerfile {

/// Spelled `URL#ref:subdir`, or with a query:
/// `URL?ref=&tag=&branch=&commit=&checksum=&subdir=&keep-git-dir=&submodules=
/// &mtime=&fetch-by-commit=`.
struct GitUrl {
  std::string remote;  // what git is given: without fragment and query
  std::string ref;  // branch, tag, "refs/..." or a whole commit; empty: the remote's default branch
  std::string checksum;  // the commit's (or annotated tag's) first hex digits, or empty
  std::string subdir;    // clean and relative; empty: the whole repository
  std::optional<bool> keep_git_dir;
  std::optional<bool> submodules;
  bool commit_times = false;     // files have the commit's time
  bool fetch_by_commit = false;  // take `checksum` without asking the remote what `ref` is
  /// "github.com/owner/name": also a path, so only a build context may be spelled like this.
  bool could_be_path = false;

  bool operator==(const GitUrl&) const = default;
  /// The transport is ssh: the remote's scheme, or the spelling user@host:path.
  bool is_ssh() const;
};

/// As BuildKit decides it: `ssh://`, `git://` and `user@host:path` always are git, `http://` and
/// `https://` if the path ends in `.git`, and `github.com/...`. nullopt for anything else. Throws
/// Error for a repository whose query or ref is wrong.
std::optional<GitUrl> parse_git_url(std::string_view text);

/// 40 or 64 hex digits in lower case: the whole name of a git object.
bool is_commit(std::string_view text);

/// `url` without the password (or the token in place of a user) that it may have, for messages.
std::string without_password(std::string_view url);

}  // namespace slipway::dockerfile

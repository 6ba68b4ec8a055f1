// Git repositories as a source of files. First which commit is meant (one `git ls-remote`, nothing
// is fetched), then its files as a snapshot in the store: a second build of the same commit asks
// the remote at most for the name.
//
// A shallow clone of each remote stays in the store, so that the next commit costs what changed.
// Files have the modes that git knows (644, 755) and one time; nothing of a checkout depends on the
// machine or the moment.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "dockerfile/git_url.h"
#include "source/git_program.h"
#include "source/snapshot.h"
#include "store/store.h"

namespace slipway::source {

struct GitSource {
  dockerfile::GitUrl url;
  bool keep_git_dir =
      false;  // url.keep_git_dir and --keep-git-dir made one; without effect for a subdirectory
};

/// What a source means today.
struct GitCommit {
  std::string ref;  // full name, "refs/heads/main"; "HEAD" or empty when only the commit is known
  std::string object;  // what the ref is: a commit, or an annotated tag
  std::string commit;  // the same without the tag around it, as far as the remote said
};

class Git {
 public:
  Git(store::Store& store, GitAccess access, unsigned threads, std::stop_token stop)
      : store_(store), access_(std::move(access)), threads_(threads), stop_(std::move(stop)) {}

  /// Asks the remote, unless the source names a whole commit. Throws Error when git or the server
  /// is not there, the repository has no such ref, or the commit is not the one of url.checksum.
  GitCommit resolve(const GitSource& source) const;

  /// The id of the files that `commit` has for this source.
  static std::string snapshot_id(const GitSource& source, const GitCommit& commit);

  /// The files, fetched and checked out unless the store has them. Throws Error as resolve does,
  /// and when the subdirectory is not there or leads through a link.
  Snapshot files(const GitSource& source, const GitCommit& commit) const;

  /// When `commit` was made, in seconds since the epoch; nullopt if the store does not know. Known
  /// after files().
  std::optional<int64_t> time_of(const GitCommit& commit) const;

 private:
  class Checkout;

  store::Store& store_;
  GitAccess access_;
  unsigned threads_;
  std::stop_token stop_;
};

}  // namespace slipway::source

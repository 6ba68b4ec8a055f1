// Where the Dockerfile and its context are: directories, standard input, git repositories, web servers.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "build/request.h"
#include "dockerfile/pattern.h"
#include "seams/observer.h"
#include "source/git.h"
#include "source/snapshot.h"
#include "store/store.h"

namespace slipway::build {

struct Inputs {
  std::string dockerfile_text;
  std::string dockerfile_name;  // for messages: as the user wrote it
  std::string dockerfile_key;   // tells one Dockerfile's use of a context from another's
  /// The context is a directory of this machine (absolute path), or a snapshot in the store, or none.
  std::string context_dir;
  std::optional<source::Snapshot> context_snapshot;
  std::string context_name;  // of a snapshot, for people
  bool context_keeps_times = false;  // of its files: they were asked for
  std::optional<dockerfile::IgnoreFile> ignore;
  std::string ignore_name;  // the file that `ignore` was read from
  std::optional<std::string> ignore_text;  // and what it said
  /// When the commit was made or the download changed, in seconds since the epoch: SOURCE_DATE_EPOCH=context.
  std::optional<int64_t> context_time;
  std::string context_commit;  // of a git repository
  uint32_t steps = 0;          // that the observer was told of meanwhile
};

struct InputTools {
  store::Store& store;
  const source::GitAccess& git;
  seams::Observer& observer;
  bool single_id = false;
  unsigned threads = 2;
  std::stop_token stop;
};

/// Reads what the build begins with; archives and repositories become snapshots in the store. Throws Error for contexts and
/// Dockerfiles that are not there or cannot be read.
Inputs load_inputs(const BuildRequest& request, const InputTools& tools);

/// Tokens and the ssh agent for git repositories, out of --secret and --ssh (`sockets`: of agents, by id).
source::GitAccess git_access(const BuildRequest& request, const std::map<std::string, std::string>& sockets);

bool is_http_url(std::string_view text);

}  // namespace slipway::build

// The `git` program as a child process: an environment without the user's and the machine's
// configuration, credentials that reach git but no command line, and its complaints as errors that
// say what to do.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "os/process.h"

namespace slipway::source {

/// What --secret and --ssh give for reading private repositories, and files of private servers.
struct GitAccess {
  /// Values of the secrets GIT_AUTH_TOKEN and GIT_AUTH_HEADER, and of both with ".HOST" appended;
  /// http only. Also those of HTTP_AUTH_TOKEN_HOST and HTTP_AUTH_HEADER_HOST, which are for downloads.
  std::map<std::string, std::string> secrets;
  std::string ssh_agent;    // socket of --ssh default; empty = none was given
  std::string known_hosts;  // the user's file of ssh host keys; need not exist
};

class GitProgram {
 public:
  /// `scratch`: a directory for files of this program's run (host keys that are met). Throws Error
  /// when git is missing, or when the transport needs an ssh agent that is not there.
  GitProgram(const std::string& remote, const GitAccess& access, const std::string& scratch,
             std::stop_token stop);

  /// Where a command works. Empty members are left to git.
  struct Place {
    std::string git_dir, work_tree;
  };

  /// Runs `git ARGS` to its end, whatever that is. Throws Cancelled.
  os::Finished run(const Place& place, std::vector<std::string> args) const;
  /// The same; a failure is an Error "cannot DOING" about the remote, with git's own words and a
  /// hint.
  std::string must(const char* doing, const Place& place, std::vector<std::string> args) const;
  Error failure(const char* doing, const os::Finished& finished) const;

  const std::string& remote() const { return remote_; }

 private:
  std::string remote_, program_;
  std::vector<std::string> env_;
  std::stop_token stop_;
};

}  // namespace slipway::source

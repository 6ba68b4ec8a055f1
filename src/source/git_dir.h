// The git directory of a checkout: what is kept of it with keep-git-dir, in bytes that are the same
// on every machine, and what goes without. Part of source/git.
#pragma once

#include <string>

#include "source/git.h"

namespace slipway::source {

/// Names the commit in the new git directory: a detached HEAD, and the ref that was asked for.
/// History ends at the commit.
void set_refs(const GitProgram& git, const GitProgram::Place& place, const GitCommit& commit,
              bool has_parents);

/// Copies what the refs reach out of the borrowed objects into one pack of its own, and borrows no
/// longer.
void keep_objects(const GitProgram& git, const std::string& git_dir);

/// Removes what says when and where the checkout was made, of the repository and its submodules:
/// times in the index, logs, packs as the server happened to make them.
void make_reproducible(const GitProgram& git, const std::string& git_dir,
                       const std::string& work_tree);

/// Removes the files by which checked-out submodules find their git directories, which are not
/// kept.
void drop_git_links(const std::string& work_tree);

}  // namespace slipway::source

// Files in, findings out: the table of contents of lint/.
//
// First the facts that one file tells about another (a workflow says for which platforms a
// Dockerfile is built), then every rule on every file it reads, then the comments that suppress.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lint/finding.h"
#include "lint/nodes.h"
#include "lint/rules.h"
#include "lint/source.h"

namespace slipway::lint {

struct Options {
  std::set<std::string, std::less<>> only;    // rules; empty: all
  std::set<std::string, std::less<>> ignore;  // rules
  std::set<std::string> platforms;            // every Dockerfile is built for these
  std::optional<Nodes> nodes;
  std::string log_platform;  // the machine that wrote the logs; empty: found out
};

struct Result {
  std::vector<Finding> findings;  // by path, place and rule
  size_t suppressed = 0;          // by comments
};

/// Never throws for what a file contains: mistakes are findings too.
Result lint(const std::vector<SourceFile>& files, const Options& options);

/// `text` with the edits of one finding. They must not overlap.
std::string applied(std::string_view text, std::vector<Edit> edits);

/// A file that fixes have changed.
struct Fixed {
  std::string path;
  std::string before, after;
  std::vector<std::string> rules;  // in the order in which they were applied
};
struct FixResult {
  std::vector<Fixed> files;  // those that changed
  Result left;               // of the files as they are now
};
/// Applies one fix after another until none is left, each on the result of the one before. A fix
/// after which a Dockerfile that was right would no longer parse is not applied.
FixResult fix(std::vector<SourceFile> files, const Options& options);

/// The change as a unified diff with three lines of context, for `patch -p1` and `git apply`; empty
/// if there is none.
std::string unified_diff(std::string_view path, std::string_view before, std::string_view after);

/// The files that lint reads at and below `paths`, in order of their names; folders named .git,
/// node_modules and vendor are left out. A file that is named is read whatever it is called. Throws
/// Error for a path that is not there.
std::vector<SourceFile> find_files(const std::vector<std::string>& paths);

/// Replaces the content of a file in one step; its mode stays, and a link stays one.
void write_back(const std::string& path, std::string_view text);

/// Each finding as errors look, "path:line:column", source line and caret, with a line that counts
/// them at the end.
std::string to_text(const std::vector<SourceFile>& files, const Result& result);
/// A record with a version and one record for each finding; docs/formats/lint.md.
std::string to_json(const std::vector<SourceFile>& files, const Result& result);
/// SARIF 2.1.0 (OASIS), with rules and fixes.
std::string to_sarif(const std::vector<SourceFile>& files, const Result& result,
                     std::string_view version);

}  // namespace slipway::lint

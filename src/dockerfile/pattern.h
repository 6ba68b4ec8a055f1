// Path patterns: Go's filepath.Match for COPY sources, and the rules of .dockerignore files and
// --exclude.
//
// Paths are slash-separated, relative to their root, without "." or ".." elements. Matching takes
// time proportional to pattern length times path length, whatever the pattern.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::dockerfile {

/// filepath.Match: `*` and `?` match within one path element, `[a-z]`, `[^a]`, `\` escapes. The
/// whole name must match. Throws Error if the pattern is malformed.
bool match_wildcard(std::string_view pattern, std::string_view name);
/// Throws Error if the pattern is malformed.
void check_wildcard(std::string_view pattern);
/// True if the text has one of `*?[` or an escape, so that it must be matched instead of looked up.
bool has_wildcard(std::string_view text);
/// Go's path.Clean: no "." elements, ".." resolved, no double or trailing slash; "" becomes ".".
std::string clean_path(std::string_view path);

/// An ordered list of patterns with `!` exceptions and `**`, as .dockerignore has them. Immutable,
/// safe to share.
class IgnoreFile {
 public:
  IgnoreFile() = default;  // excludes nothing

  /// Reads a .dockerignore. Throws Error at "name:line:column" for malformed patterns (all of them
  /// listed).
  static IgnoreFile parse(std::string_view text, std::string_view name = ".dockerignore");
  /// The patterns of `--exclude` flags, each like one line of a file (a leading "#" is no comment).
  static IgnoreFile from_patterns(const std::vector<std::string>& patterns);

  bool empty() const { return patterns_.empty(); }
  bool has_exceptions() const { return has_exceptions_; }  // any `!`
  /// One of the patterns is `*`, `**` or `**/*` and no exception limits it.
  bool excludes_everything() const;

  /// What a walker carries from a directory to its entries. The value for the root is `Verdict{}`.
  struct Verdict {
    bool excluded = false;
    std::vector<bool> matched;  // one per pattern: it matched this path or a parent of it
  };
  /// The verdict on `path` given that on its parent directory. Cheap: no parent is matched again.
  Verdict judge(std::string_view path, const Verdict& parent) const;

  /// judge() along all parents. A directory and a file of one name are treated alike. "" and "."
  /// are never excluded.
  bool excludes(std::string_view path) const;

  /// The pattern that decides about `path`: the last one that matches it or a parent and changes the
  /// verdict. Nothing if no pattern matches.
  struct Rule {
    int line = 0;  // of the file; 0 for --exclude
    std::string text;
    bool is_exception = false;
  };
  std::optional<Rule> rule_for(std::string_view path) const;

  /// Whether the walker need not look into the directory `path`, whose verdict is given: it is
  /// excluded and no exception can match anything below it. May say false where true were right,
  /// never the reverse.
  bool can_skip(std::string_view path, const Verdict& verdict) const;

 private:
  struct Pattern;
  std::vector<std::shared_ptr<const Pattern>> patterns_;
  bool has_exceptions_ = false;
};

}  // namespace slipway::dockerfile

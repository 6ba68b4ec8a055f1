// Whole-file and directory helpers. Paths here are the program's own; trees that come from outside are walked through
// descriptors by the rooms that read them (layer/, source/).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::os {

std::string read_file(const std::string& path);
std::optional<std::string> read_file_if_exists(const std::string& path);  // nullopt on ENOENT and ENOTDIR only
/// Temp file beside `path`, then rename: readers see the old or the new content, never a part. `sync` also flushes it.
void write_file_atomic(const std::string& path, std::string_view content, bool sync = false);

bool exists(const std::string& path);  // follows links
bool is_directory(const std::string& path);
void make_dirs(const std::string& path);
std::vector<std::string> list_dir(const std::string& path);  // sorted names, without . and ..

/// Removes a tree without following links and without leaving its file system; directories without permission are
/// opened up first. Nothing there is no error.
void remove_tree(const std::string& path);

std::string dir_name(std::string_view path);   // "/a/b" -> "/a"; "b" -> "."
std::string base_name(std::string_view path);  // "/a/b" -> "b"
std::string join_path(std::string_view base, std::string_view path);  // an absolute `path` wins
std::string absolute_path(const std::string& path);                   // lexical, against the working directory
/// Lexical clean as Go's path.Clean: no ".", "..", double or trailing slashes; "" -> ".".
std::string clean_path(std::string_view path);

/// A directory of its own that goes with its owner.
class TempDir {
 public:
  explicit TempDir(const std::string& parent, std::string_view prefix = "tmp-");
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  ~TempDir();
  const std::string& path() const { return path_; }
  /// The directory stays; the caller moved it or wants it kept.
  void keep() { path_.clear(); }

 private:
  std::string path_;
};

}  // namespace slipway::os

// Which package a file belongs to, of what version, and whether the file is still what the package brought: read from the
// database of dpkg below a root directory, again whenever it has changed, since steps install packages while they run.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace slipway::twins {

struct Package {
  std::string version, architecture;
};

/// Paragraphs of dpkg's status (and of the journal beside it, later ones win): by name. Packages that are not there, such as
/// removed ones of which only the configuration is left, are not in it. With several architectures, the one in `prefer`.
std::map<std::string, Package> parse_status(std::string_view text, std::string_view prefer);

class Packages {
 public:
  /// `root` is a directory that outlives this; `architecture` its main one ("arm64").
  Packages(int root, std::string architecture) : root_(root), architecture_(std::move(architecture)) {}

  struct Owner {
    std::string package;  // without ":arch"
    Package facts;
    std::string md5;  // of the file as it came, 32 hex digits
  };
  /// The owner of the file at `path` ("/usr/bin/dash", without links): nullopt for what no package brought, or without a sum.
  std::optional<Owner> owner(const std::string& path);
  std::optional<Package> package(const std::string& name);

 private:
  struct Listed {
    std::string package, md5;
  };
  void refresh();
  void refresh_status();
  std::string read(const std::string& path) const;

  int root_;
  std::string architecture_;
  std::string info_stamp_, status_stamp_;
  std::map<std::string, std::string> read_;  // stamp by name of each list that was read
  std::unordered_map<std::string, Listed> files_;  // by path without leading slash, as the lists have it
  std::map<std::string, Package> packages_;
};

/// Changes whenever the file or directory does; empty if there is none.
std::string stamp_of(int root, const std::string& path);

/// MD5 of a whole open file, as hex.
std::string md5_of(int file);

}  // namespace slipway::twins

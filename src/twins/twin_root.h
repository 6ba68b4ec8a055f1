// The root file system of a twin: the layers of the same image for this machine, mounted where only we see them, with a
// loader and libraries that find each other below /dev/.slipway of the step. Shared by all steps with the same twin.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "os/fd.h"
#include "twins/elf.h"
#include "twins/packages.h"

namespace slipway::twins {

class TwinRoot {
 public:
  /// `layers` are directories, bottom first; `scratch` an existing directory that outlives this, on a file system for
  /// overlays; `arch` what the steps are for ("arm64"). Throws Error if the twin cannot be mounted, or is none that this
  /// code understands.
  TwinRoot(const std::vector<std::string>& layers, const std::string& scratch, std::string arch);

  int mount() const { return mount_.get(); }
  std::vector<std::pair<std::string, std::string>> shown() const;
  const std::string& arch() const { return arch_; }
  Packages& packages() { return *packages_; }

  /// A program of the twin made ready to run in a step; thread-safe.
  struct Program {
    int file = -1;
    std::string path;                    // in the twin, without links
    std::vector<std::string> libraries;  // paths of all it needs, without links
    bool is_forced = false;              // the name of the architecture is the foreign one in it
  };
  /// nullopt: there is no such program, or it cannot be made ready.
  std::optional<Program> program(const std::string& path, bool force_arch);
  bool is_one(dev_t device, ino_t inode) const;
  std::mutex& mutex() { return mutex_; }  // of packages()

 private:
  std::optional<std::string> find_library(const std::string& name, const std::string& beside) const;
  bool add_libraries(const std::string& bytes, std::set<std::string>& all) const;
  void replace_file(const std::string& path, const std::string& bytes);
  std::string read(const std::string& path) const;

  const Host& host_;
  std::string arch_, scratch_;
  os::UniqueFd mount_, programs_mount_;
  std::string loader_, libraries_;  // paths in the twin, without links
  bool is_apt_forced_ = false;
  std::unique_ptr<Packages> packages_;
  mutable std::mutex mutex_;
  mutable std::mutex files_mutex_;
  std::map<std::pair<std::string, bool>, std::optional<Program>> programs_;
  std::vector<os::UniqueFd> files_;
  std::set<std::pair<dev_t, ino_t>> inodes_;
};

}  // namespace slipway::twins

// The seam between a sandbox and whoever knows programs of this machine that may run in place of foreign ones. twins/
// implements it; without one, foreign programs run in their emulator.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::exec {

/// A foreign program that a process of the step executes. All of it comes from that process: nothing is to be believed.
struct Execution {
  std::string path;  // as the process named it
  std::string file;  // the file itself, without links, in the step's root: "/usr/bin/dash"
  int descriptor = -1;  // of the file, for reading; the caller's
  std::string working_directory;
  std::vector<std::string> argv, env;
  bool is_privileged = false;  // set-uid, set-gid, or with capabilities of its own
};

struct Substitute {
  int file = -1;  // descriptor of an executable of this machine; stays with the Substitutes
  std::vector<std::string> argv;  // empty: as they came
  std::vector<std::string> env;   // "K=V", in place of variables of the same names
};

class Substitutes {
 public:
  virtual ~Substitutes() = default;
  /// A detached mount, and what of it the step sees where: (path in the mount, path in the step).
  virtual int mount() const = 0;
  virtual std::vector<std::pair<std::string, std::string>> shown() const = 0;
  /// The step begins: `root` is its root directory, until end().
  virtual void begin(int root) = 0;
  virtual void end() = 0;
  /// nullopt: the emulator. Called between begin and end, by one thread. Never throws.
  virtual std::optional<Substitute> find(const Execution& execution) noexcept = 0;
  /// Whether a running program's executable is one that find() has given.
  virtual bool is_one(dev_t device, ino_t inode) const = 0;
};

}  // namespace slipway::exec

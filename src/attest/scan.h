// What is installed in an image, from its package databases: decides by path and size which files
// are worth opening, and collects what the readers find in them.
#pragma once

#include <string>
#include <vector>

#include "attest/file_bytes.h"
#include "attest/package.h"
#include "attest/package_databases.h"
#include "tree/tree.h"

namespace slipway::attest {

struct Inventory {
  Distribution distribution;
  std::vector<Package> packages;   // each package URL once, sorted by it
  std::vector<std::string> notes;  // databases that could not be read, sentences for people, sorted
};

class Scanner {
 public:
  /// True for a regular file that take() wants to see: package databases by their names, and
  /// executables that may be Go programs. Nothing is opened for it.
  static bool wants(const tree::Entry& entry);

  /// Reads one such file. Damaged databases become notes. Any order of files gives the same
  /// inventory.
  void take(const std::string& path, FileBytes& file);

  Inventory finish();

 private:
  void read(const std::string& path, FileBytes& file);
  void add(std::vector<Package> packages);

  Distribution from_etc_, from_usr_;
  std::vector<Package> packages_;
  std::vector<std::string> notes_;
};

}  // namespace slipway::attest

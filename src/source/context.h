// A build context directory -> tree: only what some step reads, without what .dockerignore excludes, each file with the
// digest of its content. Nothing is copied: entries point at the files where they are.
//
// A file whose device, inode, size, mtime and ctime are those of its stamp is not read again. As in git, a stamp taken
// while the file was still young enough to change unnoticed is not believed.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <stop_token>
#include <string>

#include "dockerfile/pattern.h"
#include "tree/tree.h"

namespace slipway::source {

struct ContextRequest {
  std::string dir;                 // absolute
  dockerfile::IgnoreFile ignore;
  std::set<std::string> wanted;    // patterns that steps read, relative; "" = everything
  std::string stamps;              // of the last scan, from Store::read_stamps; may be empty or garbage
  unsigned threads = 2;
  std::stop_token stop;
  std::function<void(uint64_t hashed, uint64_t total)> progress;  // bytes; from any thread
};

struct Context {
  tree::Tree files;
  std::string stamps;      // for Store::write_stamps
  bool stamps_changed = false;
  uint64_t hashed_bytes = 0;
};

/// Throws Error naming the file that cannot be read (hint: .dockerignore), Cancelled.
Context scan_context(const ContextRequest& request);

/// True if the file of a scanned entry still has the size and mtime that the scan saw. Used after a layer was written
/// from a context: what changed meanwhile must not be cached.
bool same_as_scanned(const tree::Entry& entry);

}  // namespace slipway::source

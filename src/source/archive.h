// Archives as a source of files: a tar from a web server, from standard input or in a context,
// unpacked into the store once however often and from wherever it comes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "hash/sha256.h"
#include "source/snapshot.h"
#include "store/store.h"

namespace slipway::source {

struct ArchiveOptions {
  bool single_id = false;  // owners may not be kept on disk; the listing has them
  std::string authorization;  // as in FileRequest
  std::stop_token stop;
  std::function<void(const std::string& what, uint64_t done, uint64_t total)>
      progress;  // bytes; total 0 if unknown
};

/// The files of the tar in `fd` (plain, gzip, zstd, xz or bzip2), whose bytes have the digest
/// `sum`; nullopt if it is no archive. Throws Error for one that is damaged or reaches outside of
/// itself.
std::optional<Snapshot> unpack_archive(store::Store& store, int fd, const hash::Sha256Sum& sum,
                                       const ArchiveOptions& options);

/// A build context from a web server.
struct HttpContext {
  Snapshot files;           // of the archive; or of one file "context" if it is none
  bool is_archive = false;  // if not, the file is the Dockerfile
  std::optional<int64_t>
      time;  // Last-Modified, else the newest file of the archive; seconds since the epoch
};

/// Throws Error as fetch_file and unpack_archive do.
HttpContext http_context(store::Store& store, const std::string& url,
                         const ArchiveOptions& options);

/// The name that a context from a web server has if it is one file.
inline constexpr const char* kContextFile = "context";

}  // namespace slipway::source

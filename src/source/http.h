// ADD of a URL: one file from a web server, hashed and verified while it is written.
//
// A broken transfer goes on where it stopped if the server can prove that the file is still the
// same (If-Range), else it starts anew. Content-Encoding is never asked for: the file is what the
// server has.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "hash/sha256.h"
#include "http/client.h"

namespace slipway::source {

struct DownloadRequest {
  std::string url;        // http:// or https://
  std::string directory;  // where the file goes; one download at a time
  std::string checksum;   // "sha256:<64 hex>" that the bytes must have, or empty
  /// The ETag of an earlier download: if the server still has that, nothing is transferred.
  std::string unless_etag;
  bool name_by_server =
      false;              // let Content-Disposition name the file; ADD takes the URL's name only
  http::Headers headers;  // sent with the request, to the URL's own server only if they are secret
  int max_attempts = 5;
  int backoff_ms = 250;
  std::stop_token stop;
  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes; total 0 if unknown
};

struct Downloaded {
  bool unchanged = false;                // the server still has `unless_etag`: no file was written
  std::string name;                      // one path element; the file is directory/name
  uint64_t size = 0;                     // bytes
  hash::Sha256Sum sum{};                 // of the file
  std::optional<int64_t> last_modified;  // seconds since the epoch
  std::string etag;                      // as sent, or empty
};

/// Throws Error naming the URL (without a password in it) for a malformed one, an unreachable
/// server, a status that is no success, and a wrong checksum; then no file is left. Throws
/// Cancelled.
Downloaded download(const DownloadRequest& request);

/// The last element of the URL's path, decoded; "__unnamed__" if that is empty or no file name, as
/// docker names it.
std::string name_from_url(std::string_view url);

/// The file name in a Content-Disposition header (RFC 6266, `filename` and `filename*` of UTF-8) as
/// one safe path element; nullopt if it has none.
std::optional<std::string> name_from_disposition(std::string_view value);

}  // namespace slipway::source

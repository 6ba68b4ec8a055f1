// Requests to servers that are no registries (S3, GitHub's cache service): tried again as long as
// that may help, downloads resumed where they broke off.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "http/client.h"
#include "oci/documents.h"
#include "remote_cache/backend.h"

namespace slipway::remote_cache {

/// Makes the request anew for each attempt, since signatures have times.
using MakeRequest = std::function<http::Request()>;

struct Patience {
  int attempts = 5;
  int backoff_ms = 250;
  int stall_seconds = 30;
};

/// An answer that is not a temporary trouble (429 and 5xx, which are waited for as Retry-After
/// asks). `who` names the server in errors. Throws Error when attempts are used up, Cancelled.
http::Response exchange(const MakeRequest& make, const std::string& who, const Patience& patience,
                        std::stop_token stop);

/// Streams the body of a GET of `size` bytes into `sink`, each byte once. Throws Error.
void download(const MakeRequest& make, const std::string& who, uint64_t size, const Sink& sink,
              const Patience& patience, std::stop_token stop);

/// `size` bytes at `offset` of the file at `path` as a request body.
http::Body file_part(const std::string& path, uint64_t offset, uint64_t size,
                     const std::function<void(uint64_t)>& progress);

/// "WHO answered 403: the beginning of what it said".
Error answer_error(const std::string& who, const http::Response& response);

}  // namespace slipway::remote_cache

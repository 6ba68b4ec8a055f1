// One file from a web server, kept in the store under its digest: a second build asks the server
// whether it changed, or nobody if the checksum is known.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "hash/sha256.h"
#include "store/store.h"

namespace slipway::source {

struct FileRequest {
  std::string url;
  std::string name;      // of the file; empty: the last element of the URL's path
  std::string checksum;  // "sha256:<64 hex>" or empty
  std::string authorization;  // header of that name for the URL's own server, or empty
  std::stop_token stop;
  std::function<void(uint64_t done, uint64_t total)> progress;  // bytes; total 0 if unknown
};

struct StoredFile {
  std::string id;    // of the layer in the store that has this file alone
  std::string name;  // one path element
  std::string path;  // on disk, leased by this process
  uint64_t size = 0;
  hash::Sha256Sum sum{};
  std::optional<int64_t> last_modified;  // seconds since the epoch, as the server said
};

/// The Authorization header that the secrets have for the URL's host: HTTP_AUTH_TOKEN_<host>, a bearer token, or
/// HTTP_AUTH_HEADER_<host>, the header itself. Empty if there is none.
std::string http_authorization(const std::map<std::string, std::string>& secrets, const std::string& url);

/// Throws Error and Cancelled as download() does.
StoredFile fetch_file(store::Store& store, const FileRequest& request);

}  // namespace slipway::source

#include "source/stored_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "http/url.h"
#include "oci/digest.h"
#include "os/fs.h"
#include "source/http.h"

namespace slipway::source {
namespace {

/// What a URL had when it was last asked. In a record: "<hex digest> <Last-Modified or -> <ETag>".
struct Memory {
  std::string hex, etag;
  std::optional<int64_t> last_modified;
};

std::string memory_key(const std::string& url) { return "http " + url; }

std::optional<Memory> recall(store::Store& store, const std::string& url) {
  const auto record = store.find_record(memory_key(url));
  if (!record) return std::nullopt;
  const size_t first = record->value.find(' ');
  const size_t second = record->value.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  Memory out{.hex = record->value.substr(0, first),
             .etag = record->value.substr(second + 1),
             .last_modified = {}};
  if (const auto time =
          parse_u64(std::string_view(record->value).substr(first + 1, second - first - 1)))
    out.last_modified = static_cast<int64_t>(*time);
  return out;
}

void remember(store::Store& store, const std::string& url, const Downloaded& got) {
  const std::string time =
      got.last_modified && *got.last_modified >= 0 ? fmt::format("{}", *got.last_modified) : "-";
  store.put_record(memory_key(url), fmt::format("{} {} {}", to_hex(got.sum), time, got.etag),
                   {{"kind", "download"}});
}

std::string id_of(const std::string& hex, const std::string& name) {
  return fmt::format("download:{}/{}", hex, name);
}

/// The file of that digest, if the store has it under that name.
std::optional<StoredFile> find(store::Store& store, const std::string& hex,
                               const std::string& name) {
  if (!oci::Digest::parse("sha256:" + hex)) return std::nullopt;
  StoredFile out{.id = id_of(hex, name), .name = name};
  const auto dir = store.layer_dir(out.id);
  struct stat st{};
  if (!dir || ::stat((*dir + "/" + name).c_str(), &st) != 0) return std::nullopt;
  out.path = *dir + "/" + name;
  out.size = static_cast<uint64_t>(st.st_size);
  for (size_t i = 0; i < out.sum.size(); ++i)
    out.sum[i] = static_cast<uint8_t>(*parse_u64(std::string_view(hex).substr(2 * i, 2), 16));
  return out;
}

}  // namespace

std::string http_authorization(const std::map<std::string, std::string>& secrets, const std::string& url) {
  const auto parsed = http::parse_url(url);
  if (!parsed) return {};
  std::string host = parsed->host;
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  if (const auto it = secrets.find("HTTP_AUTH_TOKEN_" + host); it != secrets.end())
    return fmt::format("Bearer {}", trim(it->second));
  const auto it = secrets.find("HTTP_AUTH_HEADER_" + host);
  return it == secrets.end() ? "" : std::string(trim(it->second));
}

StoredFile fetch_file(store::Store& store, const FileRequest& request) {
  const std::string name = request.name.empty() ? name_from_url(request.url) : request.name;
  const auto known = recall(store, request.url);
  const bool is_pinned = request.checksum.starts_with("sha256:");
  const std::string hex = is_pinned ? request.checksum.substr(7) : known ? known->hex : "";
  auto kept = find(store, hex, name);
  const auto take_kept = [&] {
    if (known && known->hex == hex) kept->last_modified = known->last_modified;
    return *kept;
  };
  if (kept && is_pinned) return take_kept();

  DownloadRequest download_request;
  download_request.url = request.url;
  download_request.directory = store.new_dir();
  download_request.checksum = request.checksum;
  if (kept) download_request.unless_etag = known->etag;
  if (!request.authorization.empty())
    download_request.headers.emplace_back("Authorization", request.authorization);
  download_request.stop = request.stop;
  download_request.progress = request.progress;
  Downloaded got;
  try {
    got = download(download_request);
    if (!got.unchanged && got.name != name) {
      const std::string from = os::join_path(download_request.directory, got.name);
      const std::string to = os::join_path(download_request.directory, name);
      if (::rename(from.c_str(), to.c_str()) != 0) throw errno_error("name the download", to);
    }
  } catch (...) {
    store.drop_dir(download_request.directory);
    throw;
  }
  if (got.unchanged) {
    store.drop_dir(download_request.directory);
    return take_kept();
  }
  remember(store, request.url, got);
  StoredFile out{.id = id_of(to_hex(got.sum), name), .name = name};
  out.path = store.publish_dir(out.id, download_request.directory) + "/" + name;
  out.size = got.size;
  out.sum = got.sum;
  out.last_modified = got.last_modified;
  return out;
}

}  // namespace slipway::source

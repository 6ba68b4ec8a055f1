// Uploads: has_blob, push_blob, push_manifest (distribution spec, "Pushing blobs" and "Pushing
// manifests").
//
// A blob goes in one PUT to the upload that POST opened. When the connection breaks, the registry
// is asked how much it has, and the rest follows as PATCH and an empty PUT; where it cannot say
// (docker's registry before version 3 drops such uploads), the upload starts anew.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "http/client.h"
#include "http/url.h"
#include "os/fd.h"
#include "registry/answer.h"
#include "registry/client_impl.h"

namespace slipway::registry {
namespace {

constexpr size_t kMaxMountCandidates = 3;
/// A registry hashes and moves a large blob before it answers the last PUT.
constexpr int kCommitSeconds = 300;

const std::string kPush = "pull,push";

/// The bytes of `file` from `offset` on as a request body.
http::Body file_body(int file, const std::string& path, uint64_t offset, uint64_t size,
                     const Progress& progress) {
  auto at = std::make_shared<uint64_t>(offset);
  return {.size = size - offset,
          .read = [=, &progress](std::span<uint8_t> into) -> size_t {
            const size_t wanted = static_cast<size_t>(std::min<uint64_t>(into.size(), size - *at));
            if (wanted == 0) return 0;
            ssize_t n = 0;
            do n = ::pread(file, into.data(), wanted, static_cast<off_t>(*at));
            while (n < 0 && errno == EINTR);
            if (n < 0) throw errno_error("read", path);
            if (n == 0) throw Error("the file became shorter while it was uploaded", path);
            *at += static_cast<uint64_t>(n);
            if (progress) progress(*at, size);
            return static_cast<size_t>(n);
          },
          .rewind = [=] { *at = offset; }};
}

/// One upload of one blob to one repository.
class Upload {
 public:
  Upload(Session& session, const Endpoint& endpoint, const oci::Descriptor& blob,
         const std::string& path, const Progress& progress, std::stop_token stop)
      : session_(session),
        endpoint_(endpoint),
        blob_(blob),
        path_(path),
        progress_(progress),
        stop_(stop) {}

  /// True if the registry mounted the blob. Else an upload may be open, which send() uses.
  bool mount(const std::string& from) {
    const std::string query = http::with_query(
        http::with_query("blobs/uploads/", "mount", blob_.digest.str()), "from", from);
    http::Response response;
    try {
      response = session_.ask(
          endpoint_, {.method = "POST", .path = query, .action = kPush, .pull_also = {from}},
          stop_);
    } catch (const Error&) {
      return false;  // not allowed to read there, or mounts are not known: the bytes go up instead
    }
    if (response.status == 201) return true;
    if (response.status != 202) return false;
    if (!location_.empty())
      session_.attempt(endpoint_, {.method = "DELETE", .path = location_, .action = kPush}, stop_);
    location_ = session_.location_of(endpoint_, response);
    return false;
  }

  void send() {
    open_file();
    Retry retry = session_.new_retry(endpoint_, stop_);
    while (true) {
      if (location_.empty()) open();
      const uint64_t before = offset_;
      const auto result = offset_ == 0 ? put_whole() : send_rest();
      if (result && result->status >= 200 && result->status < 300) return;
      if (!result ? !retry.after(result.error()) : !is_worth_another(*result, retry)) {
        throw result ? answer_error(endpoint_, *result) : failure_error(endpoint_, result.error());
      }
      if (ask_status()) return;
      if (offset_ > before) retry.progressed();
    }
  }

 private:
  void open_file() {
    file_ = os::open_file(path_, O_RDONLY);
    struct stat info{};
    if (::fstat(file_.get(), &info) != 0) throw errno_error("read", path_);
    if (static_cast<uint64_t>(info.st_size) != blob_.size)
      throw Error(fmt::format("the file of blob {} has {} bytes instead of {}", blob_.digest.str(),
                              info.st_size, blob_.size),
                  path_, "the store is damaged; build again");
  }

  void open() {
    const auto response = session_.ask(
        endpoint_, {.method = "POST", .path = "blobs/uploads/", .action = kPush}, stop_);
    if (response.status != 202) throw answer_error(endpoint_, response);
    location_ = session_.location_of(endpoint_, response);
    offset_ = 0;
  }

  std::expected<http::Response, http::Failure> put_whole() {
    return session_.attempt(
        endpoint_, call("PUT", http::with_query(location_, "digest", blob_.digest.str()), true),
        stop_);
  }

  /// PATCH from the offset on, then the PUT that ends the upload.
  std::expected<http::Response, http::Failure> send_rest() {
    if (offset_ < blob_.size) {
      Call patch = call("PATCH", location_, true);
      patch.headers.emplace_back("Content-Range", fmt::format("{}-{}", offset_, blob_.size - 1));
      auto result = session_.attempt(endpoint_, patch, stop_);
      if (!result || result->status < 200 || result->status >= 300) return result;
      location_ = session_.location_of(endpoint_, *result);
      offset_ = blob_.size;
    }
    return session_.attempt(
        endpoint_, call("PUT", http::with_query(location_, "digest", blob_.digest.str()), false),
        stop_);
  }

  Call call(std::string method, std::string url, bool with_bytes) {
    Call out{.method = std::move(method),
             .path = std::move(url),
             .action = kPush,
             .answer_timeout_seconds = kCommitSeconds};
    out.headers = {{"Content-Type", "application/octet-stream"}};
    if (with_bytes)
      out.body = [this] { return file_body(file_.get(), path_, offset_, blob_.size, progress_); };
    return out;
  }

  /// Temporary statuses, and those that say that the upload is lost or elsewhere than we think.
  static bool is_worth_another(const http::Response& response, Retry& retry) {
    if (is_temporary(response.status)) return retry.after(response);
    const bool lost =
        response.status == 404 || response.status == 416 ||
        (response.status == 400 && response.body.find("BLOB_UPLOAD") != std::string::npos);
    return lost && retry.again();
  }

  /// Learns how much the registry has; no open upload afterwards if it cannot say. True if the blob
  /// is there after all: then only the answer was lost.
  bool ask_status() {
    const auto status = session_.attempt(endpoint_, {.path = location_, .action = kPush}, stop_);
    if (status && (status->status == 204 || status->status == 200)) {
      const std::string range = http::find_header(status->headers, "Range").value_or("");
      const size_t dash = range.find('-');
      const auto last =
          dash == range.npos ? std::nullopt : parse_u64(std::string_view(range).substr(dash + 1));
      // "0-0" is how registries say nothing, too; one byte more does no harm.
      if (last && *last < blob_.size) {
        offset_ = *last == 0 ? 0 : *last + 1;
        if (http::find_header(status->headers, "Location"))
          location_ = session_.location_of(endpoint_, *status);
        if (offset_ > 0) return false;
      }
    }
    location_.clear();
    offset_ = 0;
    return session_
               .ask(endpoint_,
                    {.method = "HEAD", .path = "blobs/" + blob_.digest.str(), .action = kPush},
                    stop_)
               .status == 200;
  }

  Session& session_;
  const Endpoint& endpoint_;
  const oci::Descriptor& blob_;
  const std::string& path_;
  const Progress& progress_;
  std::stop_token stop_;
  os::UniqueFd file_;
  std::string location_;  // empty: no upload is open
  uint64_t offset_ = 0;   // what the registry has of it
};

bool has_blob_at(Session& session, const Endpoint& endpoint, const oci::Digest& digest,
                 const std::string& action, std::stop_token stop) {
  Call call{
      .method = "HEAD", .path = "blobs/" + digest.str(), .action = action, .max_redirects = 0};
  http::Response response = session.ask(endpoint, call, stop);
  if (response.status >= 300 && response.status < 400) {
    // To a storage server means yes, and is not followed: such signed addresses often refuse HEAD.
    // To another address of the registry says nothing yet.
    const auto location = http::find_header(response.headers, "Location");
    const auto base = http::parse_url(response.url);
    const auto target = location && base ? http::resolve_url(*base, *location) : std::nullopt;
    if (!target || target->path != base->path) return true;
    call.max_redirects = 10;
    response = session.ask(endpoint, call, stop);
  }
  if (response.status == 404) return false;
  if (response.status >= 200 && response.status < 300) return true;
  throw answer_error(endpoint, response);
}

}  // namespace

bool Client::has_blob(const Reference& repo, const oci::Digest& digest, std::stop_token stop) {
  return has_blob_at(impl_->session, impl_->session.settings().push_endpoint(repo), digest, "pull",
                     stop);
}

bool Client::push_blob(const Reference& repo, const oci::Descriptor& blob, const std::string& path,
                       const std::vector<std::string>& mount_from, const Progress& progress,
                       std::stop_token stop, const std::function<void()>& bring) {
  Session& session = impl_->session;
  const Endpoint endpoint = session.settings().push_endpoint(repo);
  try {
    if (has_blob_at(session, endpoint, blob.digest, kPush, stop)) return false;
    Upload upload(session, endpoint, blob, path, progress, stop);
    size_t candidates = 0;
    for (const auto& name : mount_from) {
      Reference other = repo;
      other.repository = name;
      const std::string from = session.settings().push_endpoint(other).repository;
      if (from == endpoint.repository || candidates++ == kMaxMountCandidates) continue;
      if (upload.mount(from)) return false;
    }
    if (bring) bring();
    upload.send();
    return true;
  } catch (Error& error) {
    throw error.while_doing(
        fmt::format("while pushing blob {} to {}", blob.digest.str(), repo.familiar()));
  }
}

bool Client::mount_blob(const Reference& repo, const oci::Digest& digest, const std::string& from,
                        std::stop_token stop) {
  Session& session = impl_->session;
  const Endpoint endpoint = session.settings().push_endpoint(repo);
  if (has_blob_at(session, endpoint, digest, kPush, stop)) return true;
  Reference other = repo;
  other.repository = from;
  const std::string source = session.settings().push_endpoint(other).repository;
  const std::string query = http::with_query(
      http::with_query("blobs/uploads/", "mount", digest.str()), "from", source);
  try {
    const auto response = session.ask(
        endpoint, {.method = "POST", .path = query, .action = kPush, .pull_also = {source}}, stop);
    if (response.status == 201) return true;
    if (response.status == 202)  // an upload that nobody wants
      session.attempt(endpoint,
                      {.method = "DELETE",
                       .path = session.location_of(endpoint, response),
                       .action = kPush},
                      stop);
  } catch (const Error&) {
    // Not allowed to read there, or mounts are not known.
  }
  return false;
}

void Client::push_manifest(const Reference& ref, std::string_view media_type,
                           std::string_view bytes, std::stop_token stop) {
  const Endpoint endpoint = impl_->session.settings().push_endpoint(ref);
  const auto digest = oci::Digest::of(bytes);
  try {
    if (!ref.digest.empty() && ref.digest != digest)
      throw Error(fmt::format("the document to push has digest {}, not {}", digest.str(),
                              ref.digest.str()));
    const Call call{.method = "PUT",
                    .path = "manifests/" + (ref.tag.empty() ? digest.str() : ref.tag),
                    .headers = {{"Content-Type", std::string(media_type)}},
                    .body = [&] { return http::body_of(bytes); },
                    .action = kPush};
    const http::Response response = impl_->session.ask(endpoint, call, stop);
    if (response.status < 200 || response.status >= 300) throw answer_error(endpoint, response);
    const auto stored = oci::Digest::parse(
        http::find_header(response.headers, "Docker-Content-Digest").value_or(""));
    if (stored && *stored != digest)
      throw Error(fmt::format("{} stored the manifest as {} instead of {}", endpoint.host,
                              stored->str(), digest.str()));
  } catch (Error& error) {
    throw error.while_doing("while pushing " + ref.familiar());
  }
}

}  // namespace slipway::registry

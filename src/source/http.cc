// See http.h.
#include "source/http.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "http/date.h"
#include "http/url.h"
#include "oci/digest.h"
#include "os/fd.h"
#include "os/fs.h"
#include "registry/retry.h"

namespace slipway::source {
namespace {

constexpr std::string_view kUnnamed = "__unnamed__";

/// One path element that no tool trips over; nullopt for what is none.
std::optional<std::string> safe_name(std::string_view text) {
  while (text.ends_with('/')) text.remove_suffix(1);
  std::string name(text.substr(text.rfind('/') + 1));
  if (name.empty() || name == "." || name == ".." || name.size() > 255) return std::nullopt;
  if (name.find('\0') != name.npos) return std::nullopt;
  return name;
}

std::string without_password(const http::Url& url) {
  http::Url shown = url;
  shown.user_info.clear();
  return shown.str();
}

/// The file being written, with what is needed to go on after a broken transfer.
class Transfer {
 public:
  explicit Transfer(const DownloadRequest& request) : request_(request) {
    // Its name is known only when the answer comes.
    path_ = os::join_path(request.directory, ".download");
    file_ = os::open_file(path_, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }
  ~Transfer() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Headers of the next attempt: the rest, if the file is still the one we have a part of.
  http::Headers headers() const {
    http::Headers out = request_.headers;
    if (received_ > 0 && !validator_.empty()) {
      out.emplace_back("Range", fmt::format("bytes={}-", received_));
      out.emplace_back("If-Range", validator_);
    } else if (!request_.unless_etag.empty()) {
      out.emplace_back("If-None-Match", request_.unless_etag);
    }
    return out;
  }

  void begin(const http::Response& response) {
    const std::string range = http::find_header(response.headers, "Content-Range").value_or("");
    const auto start = range.starts_with("bytes ") ? parse_u64(range.substr(6, range.find('-') - 6))
                                                   : std::nullopt;
    if (response.status != 206 || start != received_) restart();
    if (response.status == 206 && start.value_or(0) != received_)
      throw Error("the server sent another part of the file than was asked for", response.url);
    head_ = response;
    const auto length =
        parse_u64(http::find_header(response.headers, "Content-Length").value_or(""));
    total_ = length ? received_ + *length : 0;
    // Only a strong ETag says that the bytes are the same.
    const std::string etag = http::find_header(response.headers, "ETag").value_or("");
    validator_ = etag.starts_with('"') ? etag : "";
  }

  void take(std::span<const uint8_t> bytes) {
    hasher_.update(bytes);
    os::write_all(file_.get(), bytes);
    received_ += bytes.size();
    if (request_.progress) request_.progress(received_, total_);
  }

  uint64_t received() const { return received_; }

  Downloaded finish(const http::Url& url) {
    Downloaded out{.name = name_from_url(url.str()), .size = received_, .sum = hasher_.finish()};
    const auto digest = oci::Digest::from_sum(out.sum);
    if (!request_.checksum.empty() && digest.str() != request_.checksum)
      throw Error(
          fmt::format("the file has checksum {}, not {}", digest.str(), request_.checksum),
          without_password(url),
          "the file changed or was tampered with; if the new one is right, change --checksum");
    if (request_.name_by_server)
      if (const auto value = http::find_header(head_.headers, "Content-Disposition"))
        out.name = name_from_disposition(*value).value_or(out.name);
    if (const auto value = http::find_header(head_.headers, "Last-Modified"))
      out.last_modified = http::parse_date(*value);
    out.etag = http::find_header(head_.headers, "ETag").value_or("");
    const std::string target = os::join_path(request_.directory, out.name);
    if (::rename(path_.c_str(), target.c_str()) != 0)
      throw errno_error("name the download", target);
    path_.clear();
    return out;
  }

 private:
  void restart() {
    if (received_ == 0) return;
    if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0)
      throw errno_error("rewrite", path_);
    hasher_.finish();
    received_ = 0;
  }

  const DownloadRequest& request_;
  std::string path_;
  os::UniqueFd file_;
  hash::Sha256 hasher_;
  http::Response head_;
  uint64_t received_ = 0;
  uint64_t total_ = 0;
  std::string validator_;
};

Error status_error(const http::Response& response, const http::Url& url) {
  std::string hint = "check the URL";
  if (response.status == 401 || response.status == 403)
    hint =
        "the server wants a login, or keeps the file to itself; pass a token with --secret "
        "id=HTTP_AUTH_TOKEN_HOST,env=NAME";
  if (registry::is_temporary(response.status)) hint = "the server has a problem; try again later";
  return Error(fmt::format("the server answered {}", response.status), without_password(url), hint);
}

}  // namespace

Downloaded download(const DownloadRequest& request) {
  const auto url = http::parse_url(request.url);
  if (!url) throw Error("not an http or https URL", request.url, "write it as https://HOST/PATH");
  if (!request.checksum.empty() && !oci::Digest::parse(request.checksum))
    throw Error(fmt::format("\"{}\" is not a sha256 checksum", request.checksum), request.url,
                "write it as sha256: and 64 hexadecimal digits in lower case");
  Transfer transfer(request);
  registry::Retry retry(request.max_attempts, 3, request.backoff_ms, request.stop);
  while (true) {
    http::Request attempt{.url = url->str(), .headers = transfer.headers()};
    attempt.on_success = [&](const http::Response& response) { transfer.begin(response); };
    attempt.sink = [&](std::span<const uint8_t> bytes) { transfer.take(bytes); };
    attempt.may_leave_https = !request.checksum.empty();
    attempt.stop = request.stop;
    const uint64_t before = transfer.received();
    const auto result = http::Pool::shared().perform(attempt);
    if (transfer.received() > before) retry.progressed();
    if (!result) {
      if (retry.after(result.error())) continue;
      throw http::to_error(result.error()).at(without_password(*url));
    }
    if (result->status >= 200 && result->status < 300) return transfer.finish(*url);
    if (result->status == 304 && !request.unless_etag.empty())
      return {.unchanged = true, .name = name_from_url(request.url), .etag = request.unless_etag};
    if (!retry.after(*result)) throw status_error(*result, *url);
  }
}

std::string name_from_url(std::string_view text) {
  const auto url = http::parse_url(text);
  if (!url) return std::string(kUnnamed);
  return safe_name(http::percent_decode(url->path)).value_or(std::string(kUnnamed));
}

std::optional<std::string> name_from_disposition(std::string_view value) {
  std::optional<std::string> plain, extended;
  size_t at = value.find(';');
  while (at != value.npos && at < value.size()) {
    const size_t equals = value.find('=', at);
    if (equals == value.npos) break;
    const std::string key = to_lower(trim(value.substr(at + 1, equals - at - 1)));
    std::string text;
    size_t i = equals + 1;
    while (i < value.size() && (value[i] == ' ' || value[i] == '\t')) ++i;
    if (i < value.size() && value[i] == '"') {
      for (++i; i < value.size() && value[i] != '"'; ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        text += value[i];
      }
    } else {
      const size_t end = value.find(';', i);
      text = trim(value.substr(i, end == value.npos ? end : end - i));
    }
    at = value.find(';', i);
    if (key == "filename") plain = text;
    if (key == "filename*" && to_lower(text).starts_with("utf-8'"))
      if (const size_t quote = text.find('\'', 6); quote != text.npos)
        extended = http::percent_decode(text.substr(quote + 1));
  }
  const auto& chosen = extended ? extended : plain;
  if (!chosen || chosen->ends_with('/')) return std::nullopt;
  return safe_name(*chosen);
}

}  // namespace slipway::source

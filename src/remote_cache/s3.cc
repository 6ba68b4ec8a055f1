// The ledger is one object, replaced with If-Match or If-None-Match, so that of two exports one is
// told to merge again; a server that does not know these headers takes the last one. Nothing is
// deleted: several caches share the blobs of a bucket, and its lifecycle rules say how long things
// stay.
#include "remote_cache/s3.h"

#include <fmt/core.h>

#include <atomic>
#include <ctime>
#include <mutex>

#include "base/error.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "http/date.h"
#include "http/url.h"
#include "remote_cache/sigv4.h"
#include "remote_cache/web.h"

namespace slipway::remote_cache {
namespace {

constexpr uint64_t kMaxLedger = 128u << 20;
constexpr uint64_t kMaxPut = uint64_t{5} << 30;  // bytes in one PUT

struct Place {
  std::string base;  // URL up to the bucket's first key, with a "/" at the end
  std::string prefix, blobs, manifests;
  std::vector<std::string> names;
  AwsIdentity who;
  Patience patience;
  std::string title;
};

/// Keys with "/" as it is.
std::string encode_key(const std::string& key) {
  std::string out;
  for (const auto& part : split(key, '/'))
    out += (out.empty() && !key.starts_with('/') ? "" : "/") + http::percent_encode(part);
  return out;
}

class S3Cache : public Backend {
 public:
  explicit S3Cache(Place place) : place_(std::move(place)) {}

  const std::string& name() const override { return place_.title; }

  std::optional<Head> read(std::stop_token stop) override {
    const http::Response response = ask("GET", ledger_key(place_.names[0]), {}, {}, stop);
    if (response.status == 404) return std::nullopt;
    if (response.status != 200) throw answer_error(name(), response);
    const std::string etag = http::find_header(response.headers, "ETag").value_or("");
    try {
      return Head{.ledger = parse(response.body, name()), .version = etag};
    } catch (const NewerCache&) {
      throw;
    } catch (const Error& error) {
      throw DamagedCache(error, etag);
    }
  }

  bool replace(const Ledger& ledger, const std::string& version, std::stop_token stop) override {
    const std::string text = print(ledger);
    http::Headers condition;
    if (version.empty())
      condition.emplace_back("If-None-Match", "*");
    else
      condition.emplace_back("If-Match", version);
    http::Response response = ask("PUT", ledger_key(place_.names[0]), text, condition, stop);
    if (response.status == 412 || response.status == 409) return false;
    if (response.status == 404 && !version.empty()) return false;
    if (response.status == 501 || response.status == 400)
      response = ask("PUT", ledger_key(place_.names[0]), text, {}, stop);
    if (response.status != 200) throw answer_error(name(), response);
    for (size_t i = 1; i < place_.names.size(); ++i)
      if (const auto other = ask("PUT", ledger_key(place_.names[i]), text, {}, stop);
          other.status != 200)
        throw answer_error(name(), other);
    return true;
  }

  void get(const oci::Descriptor& blob, const Sink& sink, std::stop_token stop) override {
    download([&] { return request("GET", blob_key(blob), kNothing, {}); }, name(), blob.size, sink,
             place_.patience, stop);
  }

  bool put(const oci::Descriptor& blob, const std::string& path, const std::function<void()>& bring,
           const Progress& progress, std::stop_token stop) override {
    if (blob.size > kMaxPut)
      throw Error(
          fmt::format("a blob of {} is larger than S3 takes at once", human_size(blob.size)),
          name());
    const http::Response there =
        exchange([&] { return request("HEAD", blob_key(blob), kNothing, {}); }, name(),
                 place_.patience, stop);
    if (there.status == 200 &&
        http::find_header(there.headers, "Content-Length") == std::to_string(blob.size))
      return false;
    if (there.status != 200 && there.status != 404) throw answer_error(name(), there);
    if (bring) bring();
    const http::Response response = exchange(
        [&] {
          http::Request out = request("PUT", blob_key(blob), blob.digest.hex(), {});
          out.body = file_part(path, 0, blob.size, [&](uint64_t done) {
            if (progress) progress(done, blob.size);
          });
          return out;
        },
        name(), place_.patience, stop);
    if (response.status != 200) throw answer_error(name(), response);
    return true;
  }

 private:
  static constexpr const char* kNothing =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  std::string ledger_key(const std::string& cache) const {
    return place_.prefix + place_.manifests + cache + ".slipway";
  }
  std::string blob_key(const oci::Descriptor& blob) const {
    return place_.prefix + place_.blobs + blob.digest.str();
  }

  http::Request request(const std::string& method, const std::string& key,
                        const std::string& payload_sha256, const http::Headers& headers) {
    http::Request out;
    out.method = method;
    out.url = place_.base + encode_key(key);
    out.headers = headers;
    if (place_.who.access_key_id.empty()) return out;  // a bucket that anybody may use
    const auto more = sign_request(place_.who, method, out.url, headers, payload_sha256,
                                   ::time(nullptr) + clock_error_);
    out.headers.insert(out.headers.end(), more.begin(), more.end());
    return out;
  }

  /// A small exchange. Signatures count only near the server's time: if our clock is wrong, the
  /// server's is taken.
  http::Response ask(const std::string& method, const std::string& key, const std::string& text,
                     const http::Headers& headers, std::stop_token stop) {
    const auto make = [&] {
      http::Request out = request(method, key, hash::sha256_hex(text), headers);
      out.max_body = kMaxLedger;
      if (method == "PUT") out.body = http::body_of(text);
      return out;
    };
    http::Response response = exchange(make, name(), place_.patience, stop);
    if (response.status == 403 && response.body.contains("RequestTimeTooSkewed"))
      if (const auto date =
              http::parse_date(http::find_header(response.headers, "Date").value_or(""))) {
        clock_error_ = *date - ::time(nullptr);
        response = exchange(make, name(), place_.patience, stop);
      }
    return response;
  }

  const Place place_;
  std::atomic<int64_t> clock_error_ = 0;  // seconds
};

}  // namespace

std::unique_ptr<Backend> open_s3(const std::map<std::string, std::string>& attrs,
                                 const std::string& flag, const Tools& tools) {
  const auto value = [&](const char* key, const char* variable) -> std::string {
    if (const auto it = attrs.find(key); it != attrs.end()) return it->second;
    return variable ? tools.environment(variable).value_or("") : "";
  };
  const auto needed = [&](const char* key, const char* variable) {
    std::string out = value(key, variable);
    if (out.empty())
      throw Error(fmt::format("a cache of type s3 needs {}=", key), flag,
                  fmt::format("or set {}", variable));
    return out;
  };
  const std::string bucket = needed("bucket", "AWS_BUCKET");
  Place place;
  place.who = {.access_key_id = value("access_key_id", "AWS_ACCESS_KEY_ID"),
               .secret_access_key = value("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
               .session_token = value("session_token", "AWS_SESSION_TOKEN"),
               .region = needed("region", "AWS_REGION")};
  std::string endpoint = value("endpoint_url", "AWS_ENDPOINT_URL_S3");
  const bool path_style =
      value("use_path_style", nullptr) == "true" || value("use_path_style", nullptr) == "1";
  if (endpoint.empty()) {
    place.base = path_style
                     ? fmt::format("https://s3.{}.amazonaws.com/{}/", place.who.region, bucket)
                     : fmt::format("https://{}.s3.{}.amazonaws.com/", bucket, place.who.region);
  } else {
    auto url = http::parse_url(endpoint);
    if (!url)
      throw Error(fmt::format("\"{}\" is no URL", endpoint), flag + " endpoint_url",
                  "write http://HOST:PORT");
    while (url->path.ends_with('/')) url->path.pop_back();
    if (path_style)
      url->path += "/" + bucket + "/";
    else
      url->host = bucket + "." + url->host, url->path += "/";
    place.base = url->str();
  }
  place.prefix = value("prefix", nullptr);
  place.blobs = attrs.contains("blobs_prefix") ? attrs.at("blobs_prefix") : "blobs/";
  place.manifests =
      attrs.contains("manifests_prefix") ? attrs.at("manifests_prefix") : "manifests/";
  const std::string names = value("name", nullptr);
  for (const auto& each : split(names.empty() ? "slipway" : names, ';'))
    if (!trim(each).empty()) place.names.emplace_back(trim(each));
  if (place.names.empty()) throw Error("a cache of type s3 needs a name", flag, "write name=NAME");
  if (const auto attempts = parse_u64(value("retry_max_attempts", "AWS_MAX_ATTEMPTS"));
      attempts && *attempts > 0)
    place.patience.attempts = static_cast<int>(std::min<uint64_t>(*attempts, 20));
  place.title = fmt::format("s3 cache {}/{}{}", bucket, place.prefix, place.names[0]);
  return std::make_unique<S3Cache>(std::move(place));
}

}  // namespace slipway::remote_cache

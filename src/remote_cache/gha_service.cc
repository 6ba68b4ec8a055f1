#include "remote_cache/gha_service.h"

#include <fmt/core.h>

#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "hash/sha256.h"
#include "http/url.h"
#include "json/json.h"

namespace slipway::remote_cache {
namespace {

constexpr const char* kWho = "GitHub's cache service";
constexpr uint64_t kPart = 32u << 20;  // bytes of one request

/// Entries of one version never meet those of another. The service wants the sum of something.
std::string entry_version() { return hash::sha256_hex("slipway cache 1"); }

std::string with_slash(std::string url) {
  if (!url.ends_with('/')) url += '/';
  return url;
}

json::Value answer_of(const http::Response& response) { return json::parse(response.body, kWho); }

/// Some servers print the names of the protocol's definition, some those of JSON.
std::string text_in(const json::Value& value, std::string_view snake, std::string_view camel) {
  std::string out = json::string_or(value, snake);
  return out.empty() ? json::string_or(value, camel) : out;
}

class ServiceV2 : public GhaService {
 public:
  ServiceV2(const std::string& url, const std::string& token, const Patience& patience)
      : base_(with_slash(url) + "twirp/github.actions.results.api.v1.CacheService/"),
        token_(token),
        patience_(patience) {}

  std::optional<GhaEntry> find(const std::string& key, bool is_prefix,
                               std::stop_token stop) override {
    json::Value ask = json::Value::object();
    ask["key"] = key;
    ask["restore_keys"] = json::Value::array();
    if (is_prefix) ask["restore_keys"].push_back(key);
    ask["version"] = entry_version();
    const http::Response response = call("GetCacheEntryDownloadURL", ask, stop);
    if (response.status == 404) return std::nullopt;
    if (response.status != 200) throw answer_error(kWho, response);
    const json::Value answer = answer_of(response);
    if (!json::bool_or(answer, "ok")) return std::nullopt;
    GhaEntry out{.key = text_in(answer, "matched_key", "matchedKey"),
                 .url = text_in(answer, "signed_download_url", "signedDownloadUrl")};
    if (out.key.empty()) out.key = key;
    if (out.url.empty() || !(is_prefix ? out.key.starts_with(key) : out.key == key))
      return std::nullopt;
    return out;
  }

  bool create(const std::string& key, const std::string& path, uint64_t size,
              const Progress& progress, std::stop_token stop) override {
    json::Value ask = json::Value::object();
    ask["key"] = key;
    ask["version"] = entry_version();
    const http::Response response = call("CreateCacheEntry", ask, stop);
    if (response.status == 409) return false;
    if (response.status != 200) throw answer_error(kWho, response);
    const json::Value answer = answer_of(response);
    const std::string url = text_in(answer, "signed_upload_url", "signedUploadUrl");
    if (!json::bool_or(answer, "ok") || url.empty()) return false;
    upload(url, path, size, progress, stop);
    ask["size_bytes"] = std::to_string(size);
    const http::Response end = call("FinalizeCacheEntryUpload", ask, stop);
    if (end.status != 200) throw answer_error(kWho, end);
    if (!json::bool_or(answer_of(end), "ok"))
      throw Error(fmt::format("{} did not keep an entry", kWho), key);
    return true;
  }

 private:
  http::Response call(const char* method, const json::Value& ask, std::stop_token stop) {
    const std::string text = json::dump(ask);
    return exchange(
        [&] {
          http::Request out;
          out.method = "POST";
          out.url = base_ + method;
          out.headers = {{"Authorization", "Bearer " + token_},
                         {"Content-Type", "application/json"}};
          out.body = http::body_of(text);
          return out;
        },
        kWho, patience_, stop);
  }

  /// Azure's blob storage: one request for what is small, else blocks and the list of them.
  void upload(const std::string& url, const std::string& path, uint64_t size,
              const Progress& progress, std::stop_token stop) {
    const auto put = [&](const std::string& to, http::Headers headers,
                         const std::function<http::Body()>& body) {
      const http::Response response = exchange(
          [&] {
            http::Request out;
            out.method = "PUT";
            out.url = to;
            out.headers = headers;
            out.headers.emplace_back("x-ms-version", "2020-10-02");
            out.body = body();
            return out;
          },
          "GitHub's blob storage", patience_, stop);
      if (response.status != 201) throw answer_error("GitHub's blob storage", response);
    };
    const auto told = [&](uint64_t done) {
      if (progress) progress(done, size);
    };
    if (size <= kPart)
      return put(url, {{"x-ms-blob-type", "BlockBlob"}},
                 [&] { return file_part(path, 0, size, told); });
    std::string list = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
    for (uint64_t at = 0, n = 0; at < size; at += kPart, ++n) {
      const std::string id = to_base64(fmt::format("{:032}", n));
      put(http::with_query(http::with_query(url, "comp", "block"), "blockid", id), {},
          [&] { return file_part(path, at, std::min(kPart, size - at), told); });
      list += "<Latest>" + id + "</Latest>";
    }
    list += "</BlockList>";
    put(http::with_query(url, "comp", "blocklist"), {{"Content-Type", "application/xml"}},
        [&] { return http::body_of(list); });
  }

  const std::string base_, token_;
  const Patience patience_;
};

class ServiceV1 : public GhaService {
 public:
  ServiceV1(const std::string& url, const std::string& token, const Patience& patience)
      : base_(with_slash(url) + "_apis/artifactcache/"), token_(token), patience_(patience) {}

  std::optional<GhaEntry> find(const std::string& key, bool is_prefix,
                               std::stop_token stop) override {
    const std::string path =
        http::with_query(http::with_query("cache", "keys", key), "version", entry_version());
    const http::Response response = call("GET", path, {}, {}, stop);
    if (response.status == 204 || response.status == 404) return std::nullopt;
    if (response.status != 200) throw answer_error(kWho, response);
    const json::Value answer = answer_of(response);
    GhaEntry out{.key = json::string_or(answer, "cacheKey"),
                 .url = json::string_or(answer, "archiveLocation")};
    // This protocol takes every key as a prefix.
    if (out.url.empty() || !(is_prefix ? out.key.starts_with(key) : out.key == key))
      return std::nullopt;
    return out;
  }

  bool create(const std::string& key, const std::string& path, uint64_t size,
              const Progress& progress, std::stop_token stop) override {
    json::Value ask = json::Value::object();
    ask["key"] = key;
    ask["version"] = entry_version();
    ask["cacheSize"] = size;
    const http::Response response = call_json("POST", "caches", ask, stop);
    if (response.status == 409) return false;
    if (response.status != 200 && response.status != 201) throw answer_error(kWho, response);
    const auto id = json::int_or_none(answer_of(response), "cacheId");
    if (!id) throw Error(fmt::format("{} gave no id for an entry", kWho), key);
    const std::string at_id = fmt::format("caches/{}", *id);
    for (uint64_t at = 0; at < size; at += kPart) {
      const uint64_t part = std::min(kPart, size - at);
      const http::Headers headers = {
          {"Content-Type", "application/octet-stream"},
          {"Content-Range", fmt::format("bytes {}-{}/*", at, at + part - 1)}};
      const auto body = [&] {
        return file_part(path, at, part, [&](uint64_t done) {
          if (progress) progress(done, size);
        });
      };
      const http::Response sent = call("PATCH", at_id, headers, body, stop);
      if (sent.status < 200 || sent.status >= 300) throw answer_error(kWho, sent);
    }
    json::Value end = json::Value::object();
    end["size"] = size;
    const http::Response ended = call_json("POST", at_id, end, stop);
    if (ended.status < 200 || ended.status >= 300) throw answer_error(kWho, ended);
    return true;
  }

 private:
  http::Response call(const std::string& method, const std::string& path,
                      const http::Headers& headers, const std::function<http::Body()>& body,
                      std::stop_token stop) {
    return exchange(
        [&] {
          http::Request out;
          out.method = method;
          out.url = base_ + path;
          out.headers = headers;
          out.headers.emplace_back("Authorization", "Bearer " + token_);
          out.headers.emplace_back("Accept", "application/json;api-version=6.0-preview.1");
          if (body) out.body = body();
          return out;
        },
        kWho, patience_, stop);
  }

  http::Response call_json(const std::string& method, const std::string& path,
                           const json::Value& ask, std::stop_token stop) {
    const std::string text = json::dump(ask);
    return call(
        method, path, {{"Content-Type", "application/json"}}, [&] { return http::body_of(text); },
        stop);
  }

  const std::string base_, token_;
  const Patience patience_;
};

}  // namespace

std::unique_ptr<GhaService> gha_service_v2(const std::string& url, const std::string& token,
                                           const Patience& patience) {
  return std::make_unique<ServiceV2>(url, token, patience);
}

std::unique_ptr<GhaService> gha_service_v1(const std::string& url, const std::string& token,
                                           const Patience& patience) {
  return std::make_unique<ServiceV1>(url, token, patience);
}

}  // namespace slipway::remote_cache

#include "remote_cache/sigv4.h"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "hash/hmac.h"
#include "http/url.h"

namespace slipway::remote_cache {
namespace {

std::string raw(const hash::Sha256Sum& sum) { return {sum.begin(), sum.end()}; }

/// The query with its parameters sorted, each with a "=".
std::string canonical_query(const std::string& query) {
  if (query.empty()) return {};
  std::vector<std::string> parts = split(query, '&');
  for (auto& part : parts)
    if (!part.contains('=')) part += '=';
  std::ranges::sort(parts);
  return join(parts, "&");
}

}  // namespace

std::string amz_time(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

http::Headers sign_request(const AwsIdentity& who, const std::string& method,
                           const std::string& url, const http::Headers& headers,
                           const std::string& payload_sha256, int64_t seconds) {
  const auto parsed = http::parse_url(url);
  CHECK(parsed);
  const std::string time = amz_time(seconds), day = time.substr(0, 8);
  http::Headers out = {{"x-amz-date", time}, {"x-amz-content-sha256", payload_sha256}};
  if (!who.session_token.empty()) out.emplace_back("x-amz-security-token", who.session_token);
  const bool is_default_port = parsed->port == (parsed->scheme == "https" ? 443 : 80);
  std::map<std::string, std::string> all = {
      {"host", is_default_port ? parsed->host : parsed->host_port()}};
  for (const http::Headers* list : {&headers, static_cast<const http::Headers*>(&out)})
    for (const auto& [name, value] : *list) all[to_lower(name)] = std::string(trim(value));
  std::string lines;
  std::vector<std::string> names;
  for (const auto& [name, value] : all) {
    lines += name + ":" + value + "\n";
    names.push_back(name);
  }
  const std::string signed_names = join(names, ";");
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", method, parsed->path, canonical_query(parsed->query),
                  lines, signed_names, payload_sha256);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, who.region);
  const std::string text =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, scope, hash::sha256_hex(canonical));
  std::string key = "AWS4" + who.secret_access_key;
  for (const std::string& part : {day, who.region, std::string("s3"), std::string("aws4_request")})
    key = raw(hash::hmac_sha256(key, part));
  out.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  who.access_key_id, scope, signed_names, to_hex(hash::hmac_sha256(key, text))));
  return out;
}

}  // namespace slipway::remote_cache

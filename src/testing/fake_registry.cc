// See fake_registry.h.
#include "testing/fake_registry.h"

#include <fmt/core.h>

#include "base/text.h"

namespace slipway::testing {
namespace {

std::string error_body(std::string_view code, std::string_view message) {
  return fmt::format(R"({{"errors":[{{"code":"{}","message":"{}"}}]}})", code, message);
}

const Exchange::Fields kJson = {{"Content-Type", "application/json"}};

}  // namespace

std::string basic_authorization(std::string_view text) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "Basic ";
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < text.size() ? static_cast<uint8_t>(text[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out += i + k > text.size() ? '=' : kAlphabet[group >> (18 - 6 * k) & 63];
  }
  return out;
}

FakeRegistry::FakeRegistry() : server_([this](Exchange& exchange) { serve(exchange); }) {}

void FakeRegistry::intercept(Interceptor interceptor) {
  const std::lock_guard lock(mutex_);
  interceptor_ = std::move(interceptor);
}

oci::Digest FakeRegistry::put_blob(const std::string& repository, const std::string& bytes) {
  const auto digest = oci::Digest::of(bytes);
  const std::lock_guard lock(mutex_);
  repositories_[repository].blobs[digest.str()] = bytes;
  return digest;
}

oci::Digest FakeRegistry::put_manifest(const std::string& repository, const std::string& tag,
                                       const std::string& media_type, const std::string& bytes) {
  const auto digest = oci::Digest::of(bytes);
  const std::lock_guard lock(mutex_);
  repositories_[repository].manifests[digest.str()] = {media_type, bytes};
  if (!tag.empty()) repositories_[repository].manifests[tag] = {media_type, bytes};
  return digest;
}

std::string FakeRegistry::blob(const std::string& repository, const oci::Digest& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = repositories_.find(repository);
  if (found == repositories_.end() || !found->second.blobs.contains(digest.str())) return {};
  return found->second.blobs.at(digest.str());
}

std::string FakeRegistry::manifest(const std::string& repository, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = repositories_.find(repository);
  if (found == repositories_.end() || !found->second.manifests.contains(name)) return {};
  return found->second.manifests.at(name).bytes;
}

void FakeRegistry::allow_deletes(Deletes what) {
  const std::lock_guard lock(mutex_);
  deletes_ = what;
}

void FakeRegistry::set_page_size(size_t tags) {
  const std::lock_guard lock(mutex_);
  page_size_ = tags;
}

void FakeRegistry::require_basic(const std::string& user, const std::string& password) {
  const std::lock_guard lock(mutex_);
  auth_ = Auth::Basic;
  credentials_ = user + ":" + password;
}

void FakeRegistry::require_token(const std::string& user, const std::string& password) {
  const std::lock_guard lock(mutex_);
  auth_ = Auth::Token;
  credentials_ = user.empty() ? "" : user + ":" + password;
}

void FakeRegistry::expire_tokens() {
  const std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::vector<FakeRegistry::Logged> FakeRegistry::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

int FakeRegistry::count(std::string_view method, std::string_view part) const {
  int n = 0;
  for (const auto& entry : log())
    if (entry.method == method && entry.target.find(part) != std::string::npos) ++n;
  return n;
}

void FakeRegistry::serve(Exchange& exchange) {
  const ServerRequest& request = exchange.request();
  Interceptor interceptor;
  {
    const std::lock_guard lock(mutex_);
    log_.push_back(
        {request.method, request.target, request.header("authorization"), request.header("range")});
    interceptor = interceptor_;
  }
  if (interceptor && interceptor(exchange)) return;
  const std::string& path = request.path;
  if (path == "/token") return serve_token(exchange);
  if (!path.starts_with("/v2/")) return exchange.reply(404);
  if (!authorized(request)) return challenge(exchange);
  if (path == "/v2/") return exchange.reply(200, kJson, "{}");
  const std::string rest = path.substr(4);
  if (const size_t at = rest.find("/manifests/"); at != rest.npos)
    return serve_manifest(exchange, rest.substr(0, at), rest.substr(at + 11));
  if (rest.ends_with("/tags/list"))
    return serve_tags(exchange, rest.substr(0, rest.size() - std::string_view("/tags/list").size()));
  if (const size_t at = rest.find("/blobs/uploads/"); at != rest.npos) {
    const std::string id = rest.substr(at + 15);
    return id.empty() ? start_upload(exchange, rest.substr(0, at))
                      : continue_upload(exchange, rest.substr(0, at), id);
  }
  if (const size_t at = rest.find("/blobs/"); at != rest.npos)
    return serve_blob(exchange, rest.substr(0, at), rest.substr(at + 7));
  exchange.reply(404);
}

bool FakeRegistry::authorized(const ServerRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string given = request.header("authorization");
  if (auth_ == Auth::Basic) return given == basic_authorization(credentials_);
  if (auth_ == Auth::Token)
    return given.starts_with("Bearer ") && tokens_.contains(given.substr(7));
  return true;
}

void FakeRegistry::challenge(Exchange& exchange) {
  std::string value = "Basic realm=\"fake\"";
  {
    const std::lock_guard lock(mutex_);
    if (auth_ == Auth::Token)
      value = fmt::format("Bearer realm=\"{}/token\",service=\"fake, inc\"", url());
  }
  exchange.reply(401, {{"WWW-Authenticate", value}, kJson[0]},
                 error_body("UNAUTHORIZED", "authentication required"));
}

void FakeRegistry::serve_token(Exchange& exchange) {
  const ServerRequest& request = exchange.request();
  std::string token;
  {
    const std::lock_guard lock(mutex_);
    if (credentials_.empty() ||
        request.header("authorization") == basic_authorization(credentials_)) {
      token = fmt::format("token-{}", ++next_id_);
      tokens_.insert(token);
    }
  }
  if (token.empty())
    return exchange.reply(401, kJson, error_body("UNAUTHORIZED", "wrong user or password"));
  exchange.reply(200, kJson, fmt::format(R"({{"token":"{}","expires_in":300}})", token));
}

void FakeRegistry::serve_manifest(Exchange& exchange, const std::string& repository,
                                  const std::string& name) {
  const std::string& method = exchange.request().method;
  if (method == "PUT") {
    const std::string bytes = exchange.read_body();
    const auto digest = oci::Digest::of(bytes);
    if (name.starts_with("sha256:") && name != digest.str())
      return exchange.reply(400, kJson,
                            error_body("DIGEST_INVALID", "provided digest did not match"));
    put_manifest(repository, name, exchange.request().header("content-type"), bytes);
    return exchange.reply(201, {{"Docker-Content-Digest", digest.str()}});
  }
  if (method == "DELETE") return delete_manifest(exchange, repository, name);
  Document document;
  {
    const std::lock_guard lock(mutex_);
    const auto& manifests = repositories_[repository].manifests;
    if (const auto found = manifests.find(name); found != manifests.end()) document = found->second;
  }
  if (document.bytes.empty())
    return exchange.reply(404, kJson, error_body("MANIFEST_UNKNOWN", "manifest unknown"));
  exchange.reply(200,
                 {{"Content-Type", document.media_type},
                  {"Docker-Content-Digest", oci::Digest::of(document.bytes).str()},
                  {"Content-Length", fmt::format("{}", document.bytes.size())}},
                 document.bytes);
}

void FakeRegistry::delete_manifest(Exchange& exchange, const std::string& repository,
                                   const std::string& name) {
  int status = 202;
  {
    const std::lock_guard lock(mutex_);
    auto& manifests = repositories_[repository].manifests;
    const auto found = manifests.find(name);
    const bool is_tag = !name.starts_with("sha256:");
    if (deletes_ == Deletes::Nothing || (deletes_ == Deletes::Digests && is_tag)) {
      status = 405;
    } else if (found == manifests.end()) {
      status = 404;
    } else if (is_tag) {
      manifests.erase(found);
    } else {
      const std::string bytes = found->second.bytes;
      std::erase_if(manifests, [&](const auto& each) { return each.second.bytes == bytes; });
    }
  }
  if (status == 202) return exchange.reply(status);
  exchange.reply(status, kJson, error_body("UNSUPPORTED", "The operation is unsupported."));
}

void FakeRegistry::serve_tags(Exchange& exchange, const std::string& repository) {
  const auto& query = exchange.request().query;
  std::string list, last;
  bool is_known = false, has_more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = repositories_.find(repository);
    is_known = found != repositories_.end();
    size_t count = 0;
    const std::string after = query.contains("last") ? query.at("last") : "";
    if (is_known)
      for (const auto& [name, document] : found->second.manifests) {
        if (name.starts_with("sha256:") || name <= after) continue;
        if (page_size_ > 0 && count++ == page_size_) {
          has_more = true;
          break;
        }
        list += fmt::format("{}\"{}\"", list.empty() ? "" : ",", name);
        last = name;
      }
  }
  if (!is_known)
    return exchange.reply(404, kJson, error_body("NAME_UNKNOWN", "repository name not known"));
  Exchange::Fields fields = kJson;
  if (has_more)
    fields.emplace_back("Link", fmt::format("</v2/{}/tags/list?last={}&n={}>; rel=\"next\"",
                                            repository, last, page_size_));
  exchange.reply(200, fields, fmt::format(R"({{"name":"{}","tags":[{}]}})", repository, list));
}

void FakeRegistry::serve_blob(Exchange& exchange, const std::string& repository,
                              const std::string& digest) {
  std::string bytes;
  bool found = false;
  {
    const std::lock_guard lock(mutex_);
    const auto& blobs = repositories_[repository].blobs;
    if (const auto it = blobs.find(digest); it != blobs.end()) bytes = it->second, found = true;
  }
  if (!found)
    return exchange.reply(404, kJson, error_body("BLOB_UNKNOWN", "blob unknown to registry"));
  const std::string range = exchange.request().header("range");
  const auto first =
      range.starts_with("bytes=") ? parse_u64(range.substr(6, range.find('-') - 6)) : std::nullopt;
  if (first && *first < bytes.size()) {
    return exchange.reply(
        206,
        {{"Content-Range", fmt::format("bytes {}-{}/{}", *first, bytes.size() - 1, bytes.size())}},
        std::string_view(bytes).substr(*first));
  }
  exchange.reply(
      200, {{"Content-Length", fmt::format("{}", bytes.size())}, {"Docker-Content-Digest", digest}},
      bytes);
}

void FakeRegistry::start_upload(Exchange& exchange, const std::string& repository) {
  const auto& query = exchange.request().query;
  std::string id;
  bool mounted = false;
  {
    const std::lock_guard lock(mutex_);
    if (query.contains("mount") && query.contains("from")) {
      const auto& blobs = repositories_[query.at("from")].blobs;
      if (const auto found = blobs.find(query.at("mount")); found != blobs.end()) {
        repositories_[repository].blobs[found->first] = found->second;
        mounted = true;
      }
    }
    if (!mounted) {
      id = fmt::format("upload-{}", ++next_id_);
      uploads_[id];
    }
  }
  if (mounted) return exchange.reply(201, {{"Docker-Content-Digest", query.at("mount")}});
  exchange.reply(202,
                 {{"Location", fmt::format("/v2/{}/blobs/uploads/{}?_state=s", repository, id)}});
}

void FakeRegistry::continue_upload(Exchange& exchange, const std::string& repository,
                                   const std::string& id) {
  const ServerRequest& request = exchange.request();
  const std::string location = fmt::format("/v2/{}/blobs/uploads/{}?_state=s", repository, id);
  // Bytes count as they come, so that a broken upload leaves what arrived.
  while (true) {
    const std::string piece = exchange.read(4096);
    if (piece.empty()) break;
    const std::lock_guard lock(mutex_);
    uploads_[id] += piece;
  }
  std::string bytes;
  {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(id);
    if (found == uploads_.end()) {
      bytes.clear();
    } else {
      bytes = found->second;
    }
    if (request.method == "DELETE") uploads_.erase(id);
  }
  const std::string range = fmt::format("0-{}", bytes.empty() ? 0 : bytes.size() - 1);
  if (request.method == "GET")
    return exchange.reply(204, {{"Location", location}, {"Range", range}});
  if (request.method == "PATCH")
    return exchange.reply(202, {{"Location", location}, {"Range", range}});
  if (request.method == "DELETE") return exchange.reply(204);
  const auto digest = oci::Digest::of(bytes);
  if (!request.query.contains("digest") || request.query.at("digest") != digest.str())
    return exchange.reply(
        400, kJson, error_body("DIGEST_INVALID", "provided digest did not match uploaded content"));
  put_blob(repository, bytes);
  exchange.reply(201, {{"Docker-Content-Digest", digest.str()}});
}

}  // namespace slipway::testing

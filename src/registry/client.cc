// Manifests and their descriptors: asks the mirrors in order, then the registry. Blobs are in
// fetch.cc, uploads in push.cc.
#include "registry/client.h"

#include <fmt/core.h>

#include "base/text.h"
#include "json/json.h"
#include "oci/media_types.h"
#include "registry/answer.h"
#include "registry/client_impl.h"

namespace slipway::registry {
namespace {

constexpr uint64_t kLargestManifest = 16u << 20;

http::Headers accept_headers() {
  return {{"Accept", fmt::format("{}, {}, {}, {}", oci::kIndex, oci::kManifest, oci::kDockerIndex,
                                 oci::kDockerManifest)}};
}

std::string manifest_path(const Reference& ref) {
  return "manifests/" + (ref.digest.empty() ? ref.tag : ref.digest.str());
}

/// Without parameters ("; charset=utf-8").
std::string media_type_of(const http::Response& response) {
  const std::string value = http::find_header(response.headers, "Content-Type").value_or("");
  return to_lower(trim(std::string_view(value).substr(0, value.find(';'))));
}

bool is_document_type(std::string_view type) {
  return oci::is_index(type) || oci::is_manifest(type);
}

/// Registries behind simple file servers send a general Content-Type: then the document itself
/// knows.
std::string type_in_document(const std::string& bytes, const std::string& origin) {
  const json::Value root = json::parse(bytes, origin);
  if (std::string type = json::string_or(root, "mediaType"); !type.empty()) return type;
  return std::string(json::find(root, "manifests") ? oci::kIndex : oci::kManifest);
}

Error digest_error(const Endpoint& endpoint, const std::string& what, const oci::Digest& wanted,
                   const oci::Digest& got) {
  return Error(fmt::format("{} sent a {} whose digest is {}, not {}", endpoint.host, what,
                           got.str(), wanted.str()),
               {},
               "the registry, or a proxy or mirror in between, is damaged or was tampered with; "
               "try another one");
}

/// The document an endpoint has; nullopt if it has none. Throws Error when it cannot be asked or
/// lies.
std::optional<Document> fetch_from(Session& session, const Endpoint& endpoint, const Reference& ref,
                                   std::stop_token stop) {
  const Call call{.path = manifest_path(ref), .headers = accept_headers()};
  for (int round = 0;; ++round) {
    const http::Response response = session.ask(endpoint, call, stop);
    if (response.status == 404) return std::nullopt;
    if (response.status != 200) throw answer_error(endpoint, response);
    if (response.body.size() > kLargestManifest)
      throw Error(fmt::format("the manifest of {} is larger than {}", ref.familiar(),
                              human_size(kLargestManifest)));
    const auto digest = oci::Digest::of(response.body);
    const auto announced = oci::Digest::parse(
        http::find_header(response.headers, "Docker-Content-Digest").value_or(""));
    const oci::Digest wanted = !ref.digest.empty() ? ref.digest : announced.value_or(digest);
    if (digest != wanted) {
      if (round == 0) continue;
      throw digest_error(endpoint, "manifest", wanted, digest);
    }
    std::string type = media_type_of(response);
    if (!is_document_type(type)) type = type_in_document(response.body, response.url);
    return Document{std::move(type), digest, response.body};
  }
}

/// nullopt if the endpoint has no such manifest; a descriptor without digest if its HEAD does not
/// tell.
std::optional<oci::Descriptor> resolve_from(Session& session, const Endpoint& endpoint,
                                            const Reference& ref, std::stop_token stop) {
  const Call call{.method = "HEAD", .path = manifest_path(ref), .headers = accept_headers()};
  const http::Response response = session.ask(endpoint, call, stop);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200 && response.status != 405) throw answer_error(endpoint, response);
  const auto digest =
      oci::Digest::parse(http::find_header(response.headers, "Docker-Content-Digest").value_or(""));
  const auto size = parse_u64(http::find_header(response.headers, "Content-Length").value_or(""));
  const std::string type = media_type_of(response);
  if (response.status == 200 && digest && size && is_document_type(type)) {
    if (!ref.digest.empty() && *digest != ref.digest)
      throw digest_error(endpoint, "manifest", ref.digest, *digest);
    return oci::Descriptor{.media_type = type, .digest = *digest, .size = *size};
  }
  const auto document = fetch_from(session, endpoint, ref, stop);
  if (!document) return std::nullopt;
  return oci::Descriptor{.media_type = document->media_type,
                         .digest = document->digest,
                         .size = document->bytes.size()};
}

/// The first answer of the places in their order. A mirror that has nothing, or fails, leaves it to
/// the next one; only the registry itself can say that something is not there.
template <typename Result, typename Ask>
std::optional<Result> first_of(const std::vector<Endpoint>& places, const std::string& doing,
                               Ask ask) {
  Tried tried;
  bool last_says_no = false;
  for (const Endpoint& endpoint : places) {
    last_says_no = false;
    try {
      if (auto result = ask(endpoint)) return result;
      if (endpoint.is_mirror) tried.add(endpoint, Error("it does not have it"));
      last_says_no = true;
    } catch (const Error& error) {
      tried.add(endpoint, error);
    }
  }
  if (last_says_no) return std::nullopt;
  throw tried.error(doing);
}

}  // namespace

Client::Client(ClientOptions options) : impl_(std::make_unique<Impl>(options)) {}
Client::~Client() = default;

std::optional<Document> Client::fetch_manifest(const Reference& ref, std::stop_token stop) {
  return first_of<Document>(
      impl_->places(ref), "fetch " + ref.familiar(),
      [&](const Endpoint& endpoint) { return fetch_from(impl_->session, endpoint, ref, stop); });
}

std::optional<Document> Client::fetch_pushed(const Reference& ref, std::stop_token stop) {
  try {
    return fetch_from(impl_->session, impl_->session.settings().push_endpoint(ref), ref, stop);
  } catch (Error& error) {
    throw error.while_doing("while trying to fetch " + ref.familiar());
  }
}

std::optional<oci::Descriptor> Client::resolve(const Reference& ref, std::stop_token stop) {
  return first_of<oci::Descriptor>(
      impl_->places(ref), "look up " + ref.familiar(),
      [&](const Endpoint& endpoint) { return resolve_from(impl_->session, endpoint, ref, stop); });
}

}  // namespace slipway::registry

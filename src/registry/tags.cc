// What a repository has: its tags, and taking one away (distribution spec, "Content discovery" and
// "Content management").
#include <algorithm>

#include "base/error.h"
#include "http/client.h"
#include "http/url.h"
#include "json/json.h"
#include "registry/answer.h"
#include "registry/client_impl.h"

namespace slipway::registry {
namespace {

/// A list of tags comes in pages; a registry that never says which is the last is not believed.
constexpr int kMostPages = 10'000;

/// The URL of the next page: `<URL>; rel="next"`, relative to the page that names it.
std::string next_page(const http::Response& response) {
  const auto link = http::find_header(response.headers, "Link");
  if (!link || !link->starts_with('<') || link->find("rel=\"next\"") == link->npos) return {};
  const size_t end = link->find('>');
  const auto base = http::parse_url(response.url);
  const auto url = end != link->npos && base
                       ? http::resolve_url(*base, std::string_view(*link).substr(1, end - 1))
                       : std::nullopt;
  // Only the registry itself knows its tags; nobody else gets the login.
  return url && url->host == base->host && url->port == base->port ? url->str() : std::string();
}

}  // namespace

std::vector<std::string> Client::list_tags(const Reference& repo, std::stop_token stop) {
  const Endpoint endpoint = impl_->session.settings().push_endpoint(repo);
  std::vector<std::string> tags;
  try {
    std::string page = "tags/list";
    for (int i = 0; i < kMostPages && !page.empty(); ++i) {
      const http::Response response = impl_->session.ask(endpoint, {.path = page}, stop);
      if (response.status == 404) break;
      if (response.status != 200) throw answer_error(endpoint, response);
      const json::Value root = json::parse(response.body, response.url);
      if (const json::Value* list = json::find(root, "tags"); list && list->is_array())
        for (const auto& tag : *list)
          if (tag.is_string()) tags.push_back(tag.get<std::string>());
      page = next_page(response);
    }
  } catch (Error& error) {
    throw error.while_doing(
        fmt::format("while listing the tags of {}/{}", repo.host, repo.repository));
  }
  std::ranges::sort(tags);
  const auto again = std::ranges::unique(tags);
  tags.erase(again.begin(), again.end());
  return tags;
}

bool Client::delete_tag(const Reference& ref, std::stop_token stop) {
  const Endpoint endpoint = impl_->session.settings().push_endpoint(ref);
  const auto remove = [&](const std::string& name) {
    try {
      const auto response = impl_->session.ask(endpoint,
                                               {.method = "DELETE",
                                                .path = "manifests/" + name,
                                                .action = "pull,push,delete"},
                                               stop);
      return (response.status >= 200 && response.status < 300) || response.status == 404;
    } catch (const Error&) {
      return false;  // not allowed
    }
  };
  if (remove(ref.tag)) return true;
  const auto there = fetch_pushed(ref, stop);
  return !there || remove(there->digest.str());
}

}  // namespace slipway::registry

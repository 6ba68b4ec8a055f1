// See answer.h.
#include "registry/answer.h"

#include <fmt/core.h>

#include "base/text.h"
#include "json/json.h"
#include "registry/retry.h"

namespace slipway::registry {
namespace {

constexpr size_t kLongestMessage = 300;

std::string login_command(const std::string& host) {
  return host == "docker.io" ? "docker login" : "docker login " + host;
}

/// Text of a server on its way to a terminal: one line, no control characters.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kLongestMessage))
    out += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? ' ' : c;
  return std::string(trim(out));
}

const json::Value* first_error(const json::Value& root) {
  const json::Value* errors = json::find(root, "errors");
  if (errors && errors->is_array() && !errors->empty() && errors->front().is_object())
    return &errors->front();
  return nullptr;
}

}  // namespace

std::string message_of(const http::Response& response) {
  const std::string_view body = trim(response.body);
  if (!body.starts_with('{')) {
    if (body.starts_with('<')) return {};  // a page for browsers
    return shown(body.substr(0, body.find('\n')));
  }
  json::Value root;
  try {
    root = json::parse(body, response.url);
  } catch (const Error&) {
    return shown(body);  // broken JSON still says more than nothing
  }
  if (const json::Value* error = first_error(root)) {
    const std::string message = json::string_or(*error, "message");
    const std::string code = json::string_or(*error, "code");
    if (message.empty()) return shown(code);
    return shown(code.empty() ? message : fmt::format("{} ({})", message, code));
  }
  for (const char* key : {"details", "message", "error_description", "error"})
    if (const std::string text = json::string_or(root, key); !text.empty()) return shown(text);
  return {};
}

Error answer_error(const Endpoint& endpoint, const http::Response& response) {
  const std::string message = message_of(response);
  std::string what = fmt::format("the registry {} answered {}", endpoint.host, response.status);
  if (!message.empty()) what += ": " + message;
  std::string hint;
  if (response.status == 429) {
    what = fmt::format("the registry {} limits how often it may be asked (429)", endpoint.host);
    if (!message.empty()) what += ": " + message;
    if (const auto wait = http::find_header(response.headers, "Retry-After"))
      what += fmt::format(" (try again after: {})", shown(*wait));
    hint = fmt::format(
        "log in for a higher limit ({}), or name a mirror in registries.conf or daemon.json",
        login_command(endpoint.host));
  } else if (response.status == 413) {
    hint = "a proxy in front of the registry limits the size of uploads; raise its limit";
  } else if (is_temporary(response.status)) {
    hint =
        "the registry has a problem; try again later, or name a mirror in registries.conf or "
        "daemon.json";
  } else if (response.status == 400 && !endpoint.insecure) {
    hint = "check the name of the image";
  }
  return Error(std::move(what), response.url, std::move(hint));
}

Error failure_error(const Endpoint& endpoint, const http::Failure& failure) {
  using Kind = http::Failure::Kind;
  std::string hint;
  switch (failure.kind) {
    case Kind::Unresolved:
    case Kind::Refused:
      hint = fmt::format(
          "check that it runs and that the name, proxy (HTTPS_PROXY, NO_PROXY) and firewall are "
          "right; a mirror for {} "
          "goes into ~/.config/containers/registries.conf ([[registry]] with [[registry.mirror]])",
          endpoint.host);
      if (endpoint.host == "docker.io") hint += " or registry-mirrors of /etc/docker/daemon.json";
      break;
    case Kind::Tls:
      hint = fmt::format(
          "a private certificate authority goes into /etc/docker/certs.d/{0}/ca.crt or "
          "~/.config/containers/certs.d/{0}/ca.crt; a registry without TLS needs insecure = true "
          "in registries.conf",
          endpoint.host);
      break;
    case Kind::Stalled:
    case Kind::Dropped:
      hint = "the network or the registry breaks transfers off; try again";
      break;
    case Kind::Protocol:
      hint = "check that a registry answers at this address";
      break;
  }
  const std::string address = failure.where.empty() || failure.where.starts_with(endpoint.host)
                                  ? (failure.where.empty() ? endpoint.host : failure.where)
                                  : fmt::format("{} ({})", endpoint.host, failure.where);
  return Error(fmt::format("cannot reach the registry {}: {}", address, failure.message), {},
               std::move(hint));
}

Error not_allowed_error(const Endpoint& endpoint, const std::string& action,
                        const Credential* login, const std::string& said) {
  const std::string verb = action == "pull" ? "pull from" : "push to";
  const std::string reason = said.empty() ? "" : ": " + said;
  if (!login)
    return Error(
        fmt::format("not allowed to {} {} without a login{}", verb, endpoint.str(), reason), {},
        fmt::format("log in with `{}`; registries also answer so when there is no such image",
                    login_command(endpoint.host)));
  const std::string who = login->username.empty() ? "the token" : login->username;
  return Error(fmt::format("not allowed to {} {} as {} (login from {}){}", verb, endpoint.str(),
                           who, login->origin, reason),
               {},
               fmt::format("log in with `{}` as somebody who may; registries also answer so when "
                           "there is no such image",
                           login_command(endpoint.host)));
}

}  // namespace slipway::registry

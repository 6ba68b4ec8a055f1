// Pool and redirects: picks a transfer slot for each request and follows its hops. One hop is
// transfer.cc's.
#include "http/client.h"

#include <fmt/core.h>

#include <atomic>
#include <mutex>

#include "base/text.h"
#include "http/transfer.h"
#include "http/url.h"

namespace slipway::http {
namespace {

constexpr size_t kMaxIdleSlots = 16;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// RFC 9110 section 15.4: 303 asks for a GET; 301 and 302 turn POST into GET as every client does.
bool becomes_get(int status, std::string_view method) {
  if (method == "GET" || method == "HEAD") return false;
  return status == 303 || ((status == 301 || status == 302) && method == "POST");
}

/// What must not reach another server than the one it was meant for.
Headers without_secrets(const Headers& headers) {
  Headers out;
  for (const auto& header : headers) {
    const std::string name = to_lower(header.first);
    if (name != "authorization" && name != "cookie" && name != "proxy-authorization")
      out.push_back(header);
  }
  return out;
}

Headers without_body_headers(const Headers& headers) {
  Headers out;
  for (const auto& header : headers)
    if (!to_lower(header.first).starts_with("content-")) out.push_back(header);
  return out;
}

Failure protocol_failure(std::string message, const Url& url) {
  return {Failure::Kind::Protocol, std::move(message), url.host_port()};
}

}  // namespace

std::optional<std::string> find_header(const Headers& headers, std::string_view name) {
  const std::string wanted = to_lower(name);
  for (const auto& [key, value] : headers)
    if (to_lower(key) == wanted) return value;
  return std::nullopt;
}

Body body_of(std::string_view bytes) {
  auto offset = std::make_shared<size_t>(0);
  return {.size = bytes.size(),
          .read =
              [bytes, offset](std::span<uint8_t> into) {
                const size_t n =
                    bytes.copy(reinterpret_cast<char*>(into.data()), into.size(), *offset);
                *offset += n;
                return n;
              },
          .rewind = [offset] { *offset = 0; },
          .repeatable = true};
}

Error to_error(const Failure& failure) {
  std::string hint;
  switch (failure.kind) {
    case Failure::Kind::Unresolved:
      hint =
          "check the host name, the DNS of this machine and the proxy settings (HTTPS_PROXY, "
          "NO_PROXY)";
      break;
    case Failure::Kind::Refused:
      hint = "check that the server runs and that a firewall or proxy does not stop the connection";
      break;
    case Failure::Kind::Tls:
      hint = "if the server uses a private certificate authority, name its file in SSL_CERT_FILE";
      break;
    case Failure::Kind::Stalled:
    case Failure::Kind::Dropped:
      hint = "try again; the network or the server broke the transfer off";
      break;
    case Failure::Kind::Protocol:
      break;
  }
  return Error(fmt::format("cannot reach {}: {}", failure.where, failure.message), {},
               std::move(hint));
}

/// Idle slots, most recently used last. A slot that last talked to the wanted server still has its
/// connection.
struct Pool::Impl {
  std::mutex mutex;
  std::vector<std::pair<std::string, std::unique_ptr<Slot>>> idle;
  std::atomic<uint64_t> opened{0};

  std::unique_ptr<Slot> take(const std::string& origin) {
    const std::lock_guard lock(mutex);
    for (size_t i = idle.size(); i-- > 0;) {
      if (idle[i].first != origin) continue;
      auto slot = std::move(idle[i].second);
      idle.erase(idle.begin() + static_cast<ptrdiff_t>(i));
      return slot;
    }
    if (idle.size() < kMaxIdleSlots) return std::make_unique<Slot>();
    auto slot = std::move(idle.front().second);
    idle.erase(idle.begin());
    return slot;
  }

  void give_back(const std::string& origin, std::unique_ptr<Slot> slot) {
    const std::lock_guard lock(mutex);
    idle.emplace_back(origin, std::move(slot));
    if (idle.size() > kMaxIdleSlots) idle.erase(idle.begin());
  }
};

Pool::Pool() : impl_(std::make_unique<Impl>()) {}
Pool::~Pool() = default;

Pool& Pool::shared() {
  static Pool* const pool =
      new Pool();  // never destroyed: threads may still transfer while the process exits
  return *pool;
}

uint64_t Pool::connections_opened() const { return impl_->opened; }

std::expected<Response, Failure> Pool::perform(const Request& request) {
  if (request.stop.stop_requested()) throw Cancelled();
  auto url = parse_url(request.url);
  if (!url) {
    return std::unexpected(Failure{
        Failure::Kind::Protocol, "\"" + request.url + "\" is not an http or https URL", {}});
  }
  const std::string origin = url->scheme + "://" + url->host_port() + request.unix_socket;
  Hop hop{.method = request.method,
          .headers = request.headers,
          .body = request.body ? &*request.body : nullptr};
  for (int redirects = 0;; ++redirects) {
    hop.url = *url;
    auto slot = impl_->take(origin);
    auto result = slot->run(request, hop);
    impl_->opened += slot->take_opened();
    impl_->give_back(origin, std::move(slot));
    if (!result || !is_redirect(result->status)) return result;
    const auto location = find_header(result->headers, "Location");
    if (!location || request.max_redirects == 0) return result;
    if (redirects == request.max_redirects)
      return std::unexpected(protocol_failure("too many redirects", *url));
    const auto next = resolve_url(*url, *location);
    if (!next)
      return std::unexpected(protocol_failure("it redirects to \"" + *location + "\"", *url));
    if (url->scheme == "https" && next->scheme == "http" && !request.may_leave_https)
      return std::unexpected(
          protocol_failure("it redirects from https to plain " + next->str(), *url));
    if (becomes_get(result->status, hop.method)) {
      hop.method = "GET";
      hop.body = nullptr;
      hop.headers = without_body_headers(hop.headers);
    } else if (hop.body) {
      if (!hop.body->rewind)
        return std::unexpected(protocol_failure("it redirects an upload", *url));
      hop.body->rewind();
    }
    if (!next->same_origin(*url)) {
      hop.headers = without_secrets(hop.headers);
      hop.foreign = true;
    }
    url = next;
  }
}

}  // namespace slipway::http

// URL splitting and resolution; see url.h.
#include "http/url.h"

#include <fmt/core.h>

#include <vector>

#include "base/text.h"

namespace slipway::http {
namespace {

int default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3986 section 5.2.4: "." and ".." elements of an absolute path are resolved, never above the
/// root.
std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string> kept;
  const auto parts = split(path.substr(1), '/');
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "." || parts[i] == "..") {
      if (parts[i] == ".." && !kept.empty()) kept.pop_back();
      if (last) kept.emplace_back();
    } else {
      kept.push_back(parts[i]);
    }
  }
  return "/" + join(kept, "/");
}

}  // namespace

std::string Url::str() const {
  std::string out = scheme + "://";
  if (!user_info.empty()) out += user_info + "@";
  out += host;
  if (port != default_port(scheme)) out += fmt::format(":{}", port);
  out += path;
  if (!query.empty()) out += "?" + query;
  return out;
}

std::string Url::host_port() const { return fmt::format("{}:{}", host, port); }

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

std::optional<Url> parse_url(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return std::nullopt;
  const size_t colon = text.find("://");
  if (colon == text.npos) return std::nullopt;
  Url url;
  url.scheme = to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));
  const size_t end = text.find_first_of("/?");
  std::string_view authority = text.substr(0, end);
  std::string_view rest = end == text.npos ? std::string_view{} : text.substr(end);
  if (const size_t at = authority.rfind('@'); at != authority.npos) {
    url.user_info = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  size_t host_end = authority.starts_with('[') ? authority.find(']') : authority.find(':');
  if (authority.starts_with('[')) {
    if (host_end == authority.npos) return std::nullopt;
    ++host_end;
  }
  url.host = to_lower(authority.substr(0, host_end));
  if (url.host.empty()) return std::nullopt;
  url.port = default_port(url.scheme);
  if (host_end < authority.size()) {
    if (authority[host_end] != ':') return std::nullopt;
    if (const auto digits = authority.substr(host_end + 1); !digits.empty()) {
      const auto port = parse_u64(digits);
      if (!port || *port == 0 || *port > 65535) return std::nullopt;
      url.port = static_cast<int>(*port);
    }
  }
  const size_t question = rest.find('?');
  url.path = rest.substr(0, question);
  if (question != rest.npos) url.query = rest.substr(question + 1);
  if (url.path.empty()) url.path = "/";
  return url;
}

std::optional<Url> resolve_url(const Url& base, std::string_view location) {
  location = trim(location);
  location = location.substr(0, location.find('#'));
  if (location.empty()) return base;
  if (location.find("://") != location.npos && location.find("://") < location.find_first_of("/?"))
    return parse_url(location);
  if (location.starts_with("//")) return parse_url(base.scheme + ":" + std::string(location));
  const size_t question = location.find('?');
  const std::string_view path = location.substr(0, question);
  std::string merged;
  if (path.empty()) {
    merged = base.path;
  } else if (path.starts_with('/')) {
    merged = remove_dot_segments(path);
  } else {
    merged = remove_dot_segments(base.path.substr(0, base.path.rfind('/') + 1) + std::string(path));
  }
  Url url = base;
  url.path = merged;
  url.query =
      question == location.npos ? std::string() : std::string(location.substr(question + 1));
  return parse_url(url.str());
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string with_query(std::string_view url, std::string_view key, std::string_view value) {
  return fmt::format("{}{}{}={}", url, url.find('?') == url.npos ? '?' : '&', percent_encode(key),
                     percent_encode(value));
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']')) == "[::1";
  host = host.substr(0, host.find(':'));
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  if (!host.starts_with("127.")) return false;
  const auto parts = split(host, '.');
  if (parts.size() != 4) return false;
  for (const auto& part : parts) {
    const auto number = parse_u64(part);
    if (!number || *number > 255) return false;
  }
  return true;
}

}  // namespace slipway::http

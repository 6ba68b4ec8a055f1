// Reads image references by the grammar of github.com/distribution/reference, by hand: a name is
// split into host and repository, then every part is checked on its own so that the error can say
// which one is wrong.
#include "registry/reference.h"

#include <fmt/core.h>

#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kDockerHost = "docker.io";
constexpr std::string_view kDockerHostOld = "index.docker.io";
constexpr std::string_view kOfficial = "library/";
constexpr size_t kMaxNameLength = 255;
constexpr size_t kMaxTagLength = 128;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alnum(char c) { return is_lower_alnum(c) || is_upper(c); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

[[noreturn]] void invalid(std::string_view text, std::string_view why, std::string hint) {
  throw Error(fmt::format("\"{}\" is not an image reference: {}", text.substr(0, 300), why), {},
              std::move(hint));
}

/// Runs of lower-case letters and digits, joined by one ".", one or two "_", or any number of "-".
bool is_component(std::string_view text) {
  size_t i = 0;
  while (true) {
    const size_t start = i;
    while (i < text.size() && is_lower_alnum(text[i])) ++i;
    if (i == start) return false;
    if (i == text.size()) return true;
    const char separator = text[i];
    size_t run = 0;
    while (i < text.size() && text[i] == separator) ++i, ++run;
    const size_t most = separator == '-'   ? text.size()
                        : separator == '_' ? 2
                        : separator == '.' ? 1
                                           : 0;
    if (run > most) return false;
  }
}

bool is_host_label(std::string_view label) {
  if (label.empty() || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  for (const char c : label)
    if (!is_alnum(c) && c != '-') return false;
  return true;
}

/// "example.com", "localhost:5000", "[::1]:5000".
bool is_host(std::string_view host) {
  std::string_view name = host;
  std::string_view port;
  if (host.starts_with('[')) {
    const size_t close = host.find(']');
    if (close == host.npos || close < 2) return false;
    if (host.substr(1, close - 1).find_first_not_of("0123456789abcdefABCDEF:") != host.npos)
      return false;
    name = {};
    port = host.substr(close + 1);
  } else if (const size_t colon = host.find(':'); colon != host.npos) {
    name = host.substr(0, colon);
    port = host.substr(colon);
  }
  if (!port.empty()) {
    if (port.size() < 2 || port[0] != ':') return false;
    for (const char c : port.substr(1))
      if (!is_digit(c)) return false;
  }
  if (host.starts_with('[')) return true;
  for (const auto& label : split(name, '.'))
    if (!is_host_label(label)) return false;
  return true;
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > kMaxTagLength) return false;
  if (!is_alnum(tag[0]) && tag[0] != '_') return false;
  for (const char c : tag)
    if (!is_alnum(c) && c != '_' && c != '.' && c != '-') return false;
  return true;
}

bool has_upper(std::string_view text) {
  for (const char c : text)
    if (is_upper(c)) return true;
  return false;
}

/// Whether the first of several path elements names a registry: it has a dot or a port, is
/// "localhost", or could not be part of a repository because of an upper-case letter.
bool looks_like_host(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:") != first.npos || has_upper(first);
}

void check_repository(std::string_view text, std::string_view repository) {
  if (repository.empty())
    invalid(text, "the repository name is missing", "write NAME[:TAG], such as app:1.0");
  if (has_upper(repository))
    invalid(text, fmt::format("the repository name \"{}\" has upper-case letters", repository),
            fmt::format("write it in lower case: {}", to_lower(repository)));
  for (const auto& component : split(repository, '/')) {
    if (component.empty())
      invalid(text, "it has an empty path element",
              "remove the extra \"/\"; a reference is [HOST/]NAME[:TAG][@DIGEST]");
    if (!is_component(component))
      invalid(text, fmt::format("\"{}\" is not a name", component),
              "names are lower-case letters and digits, separated by single dots, one or two "
              "underscores, or hyphens");
  }
}

}  // namespace

Reference parse_reference(std::string_view text) {
  if (text.empty()) invalid(text, "it is empty", "write NAME[:TAG], such as app:1.0");
  if (const size_t scheme = text.find("://"); scheme != text.npos && scheme <= 8)
    invalid(text, "it has a URL scheme",
            fmt::format("write it without \"{}\": {}", text.substr(0, scheme + 3),
                        text.substr(scheme + 3, 200)));

  Reference ref;
  std::string_view name = text;
  if (const size_t at = name.find('@'); at != name.npos) {
    const std::string_view digest_text = name.substr(at + 1);
    const auto digest = oci::Digest::parse(digest_text);
    if (!digest)
      invalid(text, fmt::format("\"{}\" is not a sha256 digest", digest_text.substr(0, 100)),
              "a digest is sha256: and 64 hexadecimal digits in lower case");
    ref.digest = *digest;
    name = name.substr(0, at);
  }
  // A colon before the last slash belongs to the host's port.
  bool has_tag = false;
  const size_t last_slash = name.rfind('/');
  const size_t colon = name.find(':', last_slash == name.npos ? 0 : last_slash + 1);
  if (colon != name.npos) {
    ref.tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    has_tag = true;
    if (!is_tag(ref.tag))
      invalid(text, fmt::format("\"{}\" is not a tag", ref.tag.substr(0, 200)),
              "a tag has up to 128 letters, digits, \"_\", \".\" and \"-\" and begins with none of "
              "the last two");
  }

  const size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  if (slash != name.npos && looks_like_host(first)) {
    if (!is_host(first))
      invalid(text, fmt::format("\"{}\" is not a registry host", first.substr(0, 200)),
              "a host is NAME, NAME:PORT or an address; without a host the image is on docker.io");
    ref.host = first == kDockerHostOld ? std::string(kDockerHost) : std::string(first);
    ref.repository = name.substr(slash + 1);
  } else {
    ref.host = kDockerHost;
    ref.repository = name;
  }
  if (ref.repository.size() == 64 &&
      ref.repository.find_first_not_of("0123456789abcdef") == ref.repository.npos)
    invalid(text, "64 hexadecimal digits are an image id, not a name",
            "use a name, or NAME@sha256:DIGEST to pin a digest");
  check_repository(text, ref.repository);
  if (ref.host == kDockerHost && ref.repository.find('/') == ref.repository.npos)
    ref.repository.insert(0, kOfficial);
  if (ref.repository.size() > kMaxNameLength)
    invalid(text, fmt::format("the name has more than {} characters", kMaxNameLength),
            "use a shorter name");
  if (!has_tag && ref.digest.empty()) ref.tag = "latest";
  return ref;
}

namespace {

std::string with_tag_and_digest(std::string name, const Reference& ref) {
  if (!ref.tag.empty()) name += ":" + ref.tag;
  if (!ref.digest.empty()) name += "@" + ref.digest.str();
  return name;
}

}  // namespace

std::string Reference::str() const { return with_tag_and_digest(host + "/" + repository, *this); }

std::string Reference::familiar() const {
  if (host != kDockerHost) return str();
  std::string_view name = repository;
  if (name.starts_with(kOfficial) && name.find('/', kOfficial.size()) == name.npos) {
    name.remove_prefix(kOfficial.size());
  }
  // "docker.io/example.com/app" must not become "example.com/app", which is another registry's.
  const size_t slash = name.find('/');
  const bool ambiguous =
      (slash != name.npos && looks_like_host(name.substr(0, slash))) || name.size() == 64;
  return ambiguous ? str() : with_tag_and_digest(std::string(name), *this);
}

}  // namespace slipway::registry

#include "attest/purl.h"

#include <fmt/core.h>

#include <algorithm>

#include "attest/package.h"
#include "base/text.h"
#include "registry/reference.h"

namespace slipway::attest {
namespace {

/// Everything but unreserved characters and the colon, which purl-spec wants as it is.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' ||
                          c == ':';
    if (is_plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string package_url(std::string_view type, std::string_view space, std::string_view name,
                        std::string_view version, Qualifiers qualifiers) {
  std::string out = fmt::format("pkg:{}/", type);
  for (const auto& segment : split(space, '/'))
    if (!segment.empty()) out += encoded(segment) + "/";
  out += encoded(name);
  if (!version.empty()) out += "@" + encoded(version);
  std::erase_if(qualifiers, [](const auto& qualifier) { return qualifier.second.empty(); });
  std::ranges::sort(qualifiers);
  char separator = '?';
  for (const auto& [key, value] : qualifiers) {
    out += fmt::format("{}{}={}", separator, key, encoded(value));
    separator = '&';
  }
  return out;
}

std::string image_url(std::string_view type, std::string_view reference,
                      const std::optional<oci::Platform>& platform, bool keep_digest) {
  registry::Reference ref = registry::parse_reference(reference);
  Qualifiers qualifiers;
  if (keep_digest && !ref.digest.empty()) qualifiers.emplace_back("digest", ref.digest.str());
  if (platform) qualifiers.emplace_back("platform", platform->str());
  const std::string tag = ref.tag;
  ref.tag.clear();
  ref.digest = {};
  // What docker shows of the name alone: docker.io and library/ are not said.
  std::string name = ref.host == "docker.io" ? ref.repository : ref.host + "/" + ref.repository;
  if (ref.host == "docker.io" && name.starts_with("library/")) name.erase(0, 8);
  const size_t slash = name.rfind('/');
  const std::string space = slash == name.npos ? "" : name.substr(0, slash);
  return package_url(type, space, slash == name.npos ? name : name.substr(slash + 1), tag,
                     std::move(qualifiers));
}

std::string Package::purl() const { return package_url(type, space, name, version, qualifiers); }

}  // namespace slipway::attest

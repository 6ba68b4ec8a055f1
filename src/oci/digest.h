// Content digests, "sha256:<64 hex>" (OCI image spec, descriptor.md#digests).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "hash/sha256.h"

namespace slipway::oci {

class Digest {
 public:
  Digest() = default;
  /// nullopt unless `text` is a well-formed sha256 digest; other algorithms are not accepted.
  static std::optional<Digest> parse(std::string_view text);
  /// Throws Error "not a digest" naming `text`.
  static Digest parse_or_throw(std::string_view text);
  static Digest of(std::string_view bytes);
  static Digest from_sum(const hash::Sha256Sum& sum);

  bool empty() const { return hex_.empty(); }
  const std::string& hex() const { return hex_; }
  std::string str() const { return hex_.empty() ? "" : "sha256:" + hex_; }
  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;
};

}  // namespace slipway::oci

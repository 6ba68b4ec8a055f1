// Platforms: os/arch[/variant], normalised as containerd's platforms package does (aarch64 -> arm64, x86_64 -> amd64,
// arm64/v8 -> arm64, arm -> arm/v7 ...), and which image platform serves which wish.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::oci {

struct Platform {
  std::string os;
  std::string arch;
  std::string variant;
  std::string os_version;

  /// "linux/arm64", "linux/arm/v7".
  std::string str() const;
  auto operator<=>(const Platform&) const = default;
};

/// Reads "linux/amd64", "arm64", "linux/arm/v7"; throws Error with a hint on anything else.
Platform parse_platform(std::string_view text);
/// A comma-separated list; "local" is the machine's own. Duplicates are dropped, order kept.
std::vector<Platform> parse_platforms(std::string_view text);
Platform normalize(Platform platform);
/// The machine's own platform, from uname(2); amd64 without its micro-architecture level.
Platform host_platform();

/// How well an image of platform `have` serves `want`: 0 exact, greater is worse, nullopt not at all.
/// An arm/v7 machine runs arm/v6 images; amd64 runs amd64/v1; nothing else is substituted.
std::optional<int> match_distance(const Platform& have, const Platform& want);
/// Whether `host` executes programs of `target` natively (same arch; 386 on amd64; not arm on arm64).
bool runs_natively(const Platform& host, const Platform& target);

}  // namespace slipway::oci

#include "oci/platform.h"

#include <sys/utsname.h>

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"

namespace slipway::oci {
namespace {

constexpr const char* kHint = "write it as os/arch[/variant], for example linux/amd64, linux/arm64 or linux/arm/v7";

bool well_formed(std::string_view word) {
  return !word.empty() && word.size() <= 64 &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == word.npos;
}

int arm_level(const Platform& p) {
  if (p.variant.size() >= 2 && p.variant[0] == 'v') return p.variant[1] - '0';
  return 0;
}

}  // namespace

std::string Platform::str() const {
  std::string out = os + "/" + arch;
  if (!variant.empty()) out += "/" + variant;
  return out;
}

Platform normalize(Platform p) {
  p.os = to_lower(p.os);
  p.arch = to_lower(p.arch);
  p.variant = to_lower(p.variant);
  if (p.os == "macos") p.os = "darwin";
  if (p.arch == "x86_64" || p.arch == "x86-64") p.arch = "amd64";
  if (p.arch == "aarch64") p.arch = "arm64";
  if (p.arch == "i386" || p.arch == "i686") p.arch = "386";
  if (p.arch == "armhf") p.arch = "arm", p.variant = "v7";
  if (p.arch == "armel") p.arch = "arm", p.variant = "v6";
  if (p.arch == "arm" && p.variant.empty()) p.variant = "v7";
  if (p.arch == "arm" && p.variant.size() == 1) p.variant = "v" + p.variant;
  if (p.arch == "arm64" && (p.variant == "8" || p.variant == "v8")) p.variant.clear();
  if (p.arch == "amd64" && p.variant == "v1") p.variant.clear();
  return p;
}

Platform host_platform() {
  utsname name{};
  CHECK(::uname(&name) == 0);
  Platform p{.os = "linux", .arch = name.machine, .variant = {}, .os_version = {}};
  if (p.arch.starts_with("armv")) p.variant = p.arch.substr(3, 2), p.arch = "arm";
  return normalize(p);
}

Platform parse_platform(std::string_view text) {
  if (text == "local") return host_platform();
  const auto parts = split(text, '/');
  for (const auto& part : parts)
    if (!well_formed(part)) throw Error(fmt::format("\"{}\" is not a platform", text), {}, kHint);
  Platform p;
  if (parts.size() == 1) {
    static const std::vector<std::string> kSystems = {"linux", "windows", "darwin", "freebsd"};
    if (std::find(kSystems.begin(), kSystems.end(), to_lower(parts[0])) != kSystems.end()) {
      p = host_platform();
      p.os = parts[0];
    } else {
      p.os = "linux";
      p.arch = parts[0];
    }
  } else if (parts.size() <= 3) {
    p.os = parts[0];
    p.arch = parts[1];
    if (parts.size() == 3) p.variant = parts[2];
  } else {
    throw Error(fmt::format("\"{}\" is not a platform", text), {}, kHint);
  }
  p = normalize(p);
  static const std::vector<std::string> kKnown = {"amd64", "arm64",   "arm",    "386",      "riscv64", "ppc64le", "s390x",
                                                  "ppc64", "mips64",  "mips64le", "loong64", "mips",    "mipsle",  "wasm"};
  if (std::find(kKnown.begin(), kKnown.end(), p.arch) == kKnown.end()) {
    const auto near = closest(p.arch, kKnown);
    throw Error(fmt::format("\"{}\" is not a platform: unknown architecture \"{}\"", text, p.arch), {},
                near ? fmt::format("did you mean {}?", *near) : kHint);
  }
  return p;
}

std::vector<Platform> parse_platforms(std::string_view text) {
  std::vector<Platform> out;
  for (const auto& word : split(text, ',')) {
    const Platform p = parse_platform(trim(word));
    if (std::find(out.begin(), out.end(), p) == out.end()) out.push_back(p);
  }
  return out;
}

std::optional<int> match_distance(const Platform& have_raw, const Platform& want_raw) {
  const Platform have = normalize(have_raw), want = normalize(want_raw);
  if (have.os != want.os || have.arch != want.arch) return std::nullopt;
  if (!want.os_version.empty() && !have.os_version.empty() && have.os_version != want.os_version) return std::nullopt;
  if (have.variant == want.variant) return 0;
  if (have.arch == "arm") {
    const int distance = arm_level(want) - arm_level(have);
    return distance >= 0 ? std::optional(distance) : std::nullopt;
  }
  // amd64/v3 wanted and plain amd64 there (or arm64/v9 and arm64): the plain one serves, the other way round it may not.
  if (have.variant.empty()) return 1;
  return std::nullopt;
}

bool runs_natively(const Platform& host, const Platform& target) {
  if (target.os != host.os) return false;
  if (target.arch == host.arch) return true;
  return host.arch == "amd64" && target.arch == "386";
}

}  // namespace slipway::oci

// What the checks find, as data: rules, severities and places. verify.h makes them, report.h prints them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "oci/platform.h"

namespace slipway::verify {

enum class Severity {
  Note,     // worth knowing, nothing is wrong
  Warning,  // something in the image does not fit, or what it starts may not be there
  Error,    // what the image would run is there and cannot run on the platform
};

struct Rule {
  std::string_view id;           // "wrong-machine"
  std::string_view description;  // one sentence without a full stop
};
/// All rules, sorted by id; docs/verify.md explains each.
std::span<const Rule> rules();

struct Finding {
  std::string rule;
  Severity severity = Severity::Warning;
  oci::Platform platform;
  std::string path;      // in the image, with a leading slash; empty if it is about none
  std::string is;        // what was found, as a phrase: "an ELF program for amd64"
  std::string expected;  // what would fit: "arm64"
  std::string role;      // what the image needs it for: "ENTRYPOINT [\"/app\"]"; empty: nothing known
  std::string hint;      // what to try next, may be empty
  std::optional<size_t> layer;  // index, bottom first
  std::string layer_digest, written_by, location;
  bool operator==(const Finding&) const = default;
};

/// "wrong-machine: /app is an ELF program for amd64, expected arm64": one line.
std::string headline(const Finding& finding);

/// Machine form, read back exactly: the store remembers verdicts. Throws Error naming `origin`.
std::string print_findings(const std::vector<Finding>& findings);
std::vector<Finding> parse_findings(std::string_view text, std::string_view origin);

}  // namespace slipway::verify

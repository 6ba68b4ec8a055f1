// Findings for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "verify/finding.h"

namespace slipway::verify {

struct Counts {
  size_t errors = 0, warnings = 0, notes = 0;
};
Counts count(const std::vector<Finding>& findings);
/// "2 errors, 1 warning"; "nothing wrong" if there is neither.
std::string counts_text(const Counts& counts);

/// The finding's further lines, each indented by four blanks: what needs the file, which layer and instruction it is from,
/// what to try. No final newline; empty if there is nothing to add.
std::string details(const Finding& finding);

/// One block for each platform in `platforms`. Of many findings of one rule in one layer the first few are listed.
std::string text_report(const std::vector<oci::Platform>& platforms, const std::vector<Finding>& findings);

/// {"version": 1, "image": ..., "platforms": [...], "findings": [...], "errors": n, "warnings": n, "notes": n}
std::string json_report(const std::string& image, const std::vector<oci::Platform>& platforms,
                        const std::vector<Finding>& findings);

/// `findings` without those that are one too many of their rule, layer and platform; `left_out` counts what went, by the
/// index in the result that it follows.
struct Shortened {
  std::vector<Finding> findings;
  std::vector<size_t> left_out;  // one for each of `findings`
};
Shortened shorten(const std::vector<Finding>& findings, size_t most);

}  // namespace slipway::verify

// The names of the build checks, and which of them a file asks for.
//
// check.h finds what breaks a rule; docs/rules has a page for each.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"

namespace slipway::dockerfile {

struct Rule {
  std::string_view name;
  std::string_view description;  // as BuildKit's clients show it
  bool experimental = false;     // off unless asked for
};
/// All 22, sorted by name.
const std::vector<Rule>& check_rules();
/// The description of a rule; empty for a name that is none.
std::string_view rule_description(std::string_view rule);
/// Where a rule is explained: "docs/rules/workdir-relative-path.md".
std::string rule_page(std::string_view rule);

/// The value of `# check=` and of BUILDKIT_DOCKERFILE_CHECK:
/// "skip=A,B;error=true;experimental=all".
struct CheckOptions {
  bool skip_all = false;
  std::set<std::string, std::less<>> skip;
  bool experimental_all = false;
  std::set<std::string, std::less<>> experimental;
  bool error = false;  // findings fail the build

  bool wants(std::string_view rule) const;
};
/// Throws Error without a place for an unknown option or a bad boolean.
CheckOptions parse_check_options(std::string_view text);
/// What the build argument BUILDKIT_DOCKERFILE_CHECK says or, without it, the file's directive.
/// Throws Error.
CheckOptions check_options(const Dockerfile& file,
                           const std::map<std::string, std::string>& build_args);
/// `options` for one instruction: a comment `# check=skip=...` right above adds to them.
CheckOptions with_comments(const CheckOptions& options, const std::vector<std::string>& comments);

}  // namespace slipway::dockerfile

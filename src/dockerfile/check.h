// Build checks: what a good Dockerfile should not have, found in the parsed file alone
// (compat 5.11).
//
// Two of the 22 rules need more than the file and are not decided here: InvalidBaseImagePlatform
// and UndefinedVar ask for the config of the base image (the graph has it; expand() tells which
// names were unset).
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/pattern.h"

namespace slipway::dockerfile {

struct Diagnostic {
  enum class Severity { Warning, Error } severity = Severity::Warning;
  std::string rule;
  Span span;
  std::string message;
};

struct Rule {
  std::string_view name;
  std::string_view description;
  bool experimental = false;  // off unless asked for
};
/// All 22, sorted by name.
const std::vector<Rule>& check_rules();

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

struct CheckContext {
  const IgnoreFile* ignore = nullptr;  // of the main context, for CopyIgnoredFile
  std::vector<bool> reachable =
      {};  // by stage; empty = all. Rules about single instructions skip the others.
};

/// The findings in order of the file. A comment `# check=skip=...` right above an instruction
/// counts for it alone. Their severity is Error if `options.error`.
std::vector<Diagnostic> check(const Dockerfile& file, const CheckOptions& options,
                              const CheckContext& context = {});

}  // namespace slipway::dockerfile

// Build checks: what a good Dockerfile should not have (compat 5.11).
//
// The rules about single lines see them as the build does: with the variables that have a value
// there, with the base image's config. So graph/ calls a Checker while it lowers a file; the
// Checker only judges and remembers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/ast.h"
#include "dockerfile/expand.h"
#include "dockerfile/pattern.h"
#include "dockerfile/rules.h"

namespace slipway::dockerfile {

struct Finding {
  std::string rule;
  Span span;
  std::string message;  // in BuildKit's words
};

/// Arguments of this name steer the builder and never become variables of a stage.
bool is_no_variable(std::string_view name);

/// "Rule: message (line 3)", as the end of a build lists it.
std::string short_text(const Finding& finding);

class Checker {
 public:
  /// `ignore` is that of the main context. Both `file` and `ignore` must outlive the Checker.
  Checker(const Dockerfile& file, CheckOptions options, const IgnoreFile* ignore = nullptr);

  /// The rules that need the text alone. `automatic` are the platform arguments of global scope.
  void check_text(const Lookup& automatic);

  /// What is known where a FROM is expanded.
  struct FromFacts {
    Names image, platform;           // the variables of its two words
    std::string platform_value;      // expanded
    std::string os, arch;            // what platform_value means; both empty if it is no platform
    std::string target_platform;     // TARGETPLATFORM
    std::vector<std::string> known;  // every global ARG and automatic argument
  };
  void check_from(const Stage& stage, const FromFacts& facts);

  /// The platform of an image that FROM (or --from) names. `at` is who names it.
  void check_base(const Span& at, std::string_view image, std::string_view expected,
                  std::string_view actual);

  /// What the instructions before have left in a stage.
  struct StageFacts {
    bool has_workdir = false;                       // inherited from the parent stage
    std::map<std::string, Span, std::less<>> once;  // CMD, ENTRYPOINT, HEALTHCHECK so far
  };
  /// What is known where an instruction is expanded.
  struct Scope {
    bool has_shell = false;             // of the image config
    std::vector<std::string> known;     // names of all variables with a value
    std::vector<std::string> declared;  // ARGs, with a value or without
  };
  /// One instruction of a stage. `words` are the variables of each of its words, in order.
  void check_instruction(const Instruction& expanded, const std::vector<Names>& words,
                         const Scope& scope, StageFacts& facts);

  /// In the order in which BuildKit finds them.
  const std::vector<Finding>& findings() const { return found_; }

 private:
  void report(const CheckOptions& options, std::string_view rule, const Span& span,
              std::string message);
  void check_line(const Instruction& instruction);
  void check_stage_names();
  void check_casing();
  void check_default_images(const Lookup& automatic);
  void check_description(const CheckOptions& options, const Instruction& instruction);
  void check_secret(const CheckOptions& options, const Instruction& instruction,
                    const std::string& name);
  void check_words(const CheckOptions& options, const Instruction& instruction,
                   const std::vector<Names>& words, const Scope& scope);
  void check_port(const CheckOptions& options, const Instruction& instruction,
                  const std::string& port);
  void check_sources(const CheckOptions& options, const Instruction& instruction,
                     const Transfer& transfer);

  const Dockerfile& file_;
  const CheckOptions options_;
  const IgnoreFile* const ignore_;
  std::vector<Finding> found_;
};

}  // namespace slipway::dockerfile

// The rules, each a few lines. The words of the messages are BuildKit's: scripts look for them.
#include "dockerfile/check.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/check_from.h"
#include "dockerfile/unicode.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {
namespace {

bool has_token(std::string_view name, std::initializer_list<std::string_view> tokens) {
  for (const auto& part : split(to_lower(name), '_'))
    if (std::find(tokens.begin(), tokens.end(), part) != tokens.end()) return true;
  return false;
}

bool names_secret(std::string_view name) {
  return has_token(name, {"apikey", "auth", "credential", "credentials", "key", "password", "pword",
                          "passwd", "secret", "token"}) &&
         !has_token(name, {"public", "file", "version"});
}

bool is_lower(std::string_view word) { return to_lower(word) == word; }
bool is_upper(std::string_view word) { return to_upper(word) == word; }

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known,
                         std::string_view prefix) {
  const auto near = nearest_name(word, known);
  return near ? fmt::format(" (did you mean {}{}?)", prefix, *near) : "";
}

}  // namespace

bool is_no_variable(std::string_view name) {
  return name == "BUILDKIT_SBOM_SCAN_CONTEXT" || name == "BUILDKIT_SBOM_SCAN_STAGE";
}

std::string short_text(const Finding& finding) {
  return fmt::format("{}: {} (line {})", finding.rule, finding.message, finding.span.line);
}

Checker::Checker(const Dockerfile& file, CheckOptions options, const IgnoreFile* ignore)
    : file_(file), options_(std::move(options)), ignore_(ignore) {}

void Checker::report(const CheckOptions& options, std::string_view rule, const Span& span,
                     std::string message) {
  if (options.wants(rule)) found_.push_back({std::string(rule), span, std::move(message)});
}

void Checker::check_text(const Lookup& automatic) {
  for (const auto& warning : file_.warnings)
    report(options_, warning.rule, warning.span, warning.message);
  for (const auto& arg : file_.global_args) check_line(arg);
  for (const auto& stage : file_.stages) {
    check_line(stage.head);
    for (const auto& instruction : stage.instructions) check_line(instruction);
  }
  check_stage_names();
  check_casing();
  check_default_images(automatic);
}

// What a line says by itself, be its stage built or not.
void Checker::check_line(const Instruction& instruction) {
  const CheckOptions options = with_comments(options_, instruction.comments);
  if (instruction.as<Maintainer>())
    report(options, "MaintainerDeprecated", instruction.span,
           "Maintainer instruction is deprecated in favor of using label");
  if (instruction.as<Arg>()) check_description(options, instruction);
  const From* from = instruction.as<From>();
  if (!from) return;
  if (!is_lower(from->as_written))
    report(options, "StageNameCasing", instruction.span,
           fmt::format("Stage name '{}' should be lowercase", from->as_written));
  const std::string& keyword = instruction.keyword;
  if ((is_lower(keyword) && !is_lower(from->as_keyword)) ||
      (is_upper(keyword) && !is_upper(from->as_keyword)))
    report(options, "FromAsCasing", instruction.span,
           fmt::format("'{}' and '{}' keywords' casing do not match", from->as_keyword, keyword));
  if (!from->name.empty()) check_description(options, instruction);
}

void Checker::check_description(const CheckOptions& options, const Instruction& instruction) {
  std::vector<std::string> names;
  if (const auto* from = instruction.as<From>()) names.push_back(from->name);
  if (const auto* arg = instruction.as<Arg>())
    for (const auto& item : arg->items) names.push_back(item.name);
  if (instruction.comments.empty() || names.empty()) return;
  const std::string& last = instruction.comments.back();
  if (std::find(names.begin(), names.end(), last.substr(0, last.find(' '))) != names.end()) return;
  report(options, "InvalidDefinitionDescription", instruction.span,
         fmt::format("Comment for {} should follow the format: `# {} <description>`",
                     keyword_of(instruction), names.size() == 1 ? names.front() : "<arg_key>"));
}

void Checker::check_stage_names() {
  std::set<std::string> seen;
  for (const auto& stage : file_.stages) {
    const std::string& name = stage.name();
    if (name.empty()) continue;
    if (name == "scratch" || name == "context")
      report(options_, "ReservedStageName", stage.head.span,
             fmt::format("Stage name should not use the same name as reserved stage {}",
                         go_quote(name)));
    if (!seen.insert(name).second)
      report(options_, "DuplicateStageName", stage.head.span,
             fmt::format("Duplicate stage name {}, stage names should be unique", go_quote(name)));
  }
}

void Checker::check_casing() {
  std::vector<const Instruction*> all;
  for (const auto& stage : file_.stages) {
    all.push_back(&stage.head);
    for (const auto& instruction : stage.instructions) all.push_back(&instruction);
  }
  size_t lower = 0, upper = 0;
  for (const auto* instruction : all) {
    lower += is_lower(instruction->keyword);
    upper += is_upper(instruction->keyword);
  }
  const bool want_lower = lower > upper;
  for (const auto* instruction : all) {
    if (want_lower ? is_lower(instruction->keyword) : is_upper(instruction->keyword)) continue;
    report(options_, "ConsistentInstructionCasing", instruction->span,
           fmt::format("Command '{}' should match the case of the command majority ({})",
                       instruction->keyword, want_lower ? "lowercase" : "uppercase"));
  }
}

// What FROM says when no build argument is given.
void Checker::check_default_images(const Lookup& automatic) {
  ExpandOptions words;
  words.escape = file_.directives.escape;
  try {
    const Lookup defaults = default_global_args(file_, automatic);
    for (const auto& stage : file_.stages) {
      const std::string& image = stage.from().image;
      if (!is_image_name(expand_word(image, defaults, words)))
        report(options_, "InvalidDefaultArgInFrom", stage.head.span,
               fmt::format("Default value for ARG {} results in empty or invalid base image name",
                           image));
    }
  } catch (const Error&) {
    // The build reports it.
  }
}

void Checker::check_from(const Stage& stage, const FromFacts& facts) {
  const CheckOptions options = with_comments(options_, stage.head.comments);
  const Span& span = stage.head.span;
  for (const Names* names : {&facts.image, &facts.platform})
    for (const auto& name : names->unset)
      if (std::find(facts.known.begin(), facts.known.end(), name) == facts.known.end())
        report(options, "UndefinedArgInFrom", span,
               fmt::format("FROM argument '{}' is not declared{}", name,
                           did_you_mean(name, facts.known, "")));
  const std::string& written = stage.from().platform;
  if (written.empty() || !facts.platform.unset.empty()) return;
  if (facts.platform.used == std::set<std::string>{"TARGETPLATFORM"} &&
      facts.platform_value == facts.target_platform)
    report(options, "RedundantTargetPlatform", span,
           fmt::format("Setting platform to predefined {} in FROM is redundant as this is the "
                       "default behavior",
                       written));
  if (facts.platform.used.empty() && !facts.os.empty() && !stage.name().contains(facts.os) &&
      !stage.name().contains(facts.arch))
    report(options, "FromPlatformFlagConstDisallowed", span,
           fmt::format("FROM --platform flag should not use constant value {}",
                       go_quote(facts.platform_value)));
}

void Checker::check_base(const Span& at, std::string_view image, std::string_view expected,
                         std::string_view actual) {
  report(options_, "InvalidBaseImagePlatform", at,
         fmt::format("Base image {} was pulled with platform {}, expected {} for current build",
                     image, go_quote(actual), go_quote(expected)));
}

void Checker::check_words(const CheckOptions& options, const Instruction& instruction,
                          const std::vector<Names>& words, const Scope& scope) {
  for (const auto& names : words)
    for (const auto& name : names.unset) {
      if (is_no_variable(name) ||
          std::find(scope.declared.begin(), scope.declared.end(), name) != scope.declared.end())
        continue;
      report(options, "UndefinedVar", instruction.span,
             fmt::format("Usage of undefined variable '${}'{}", name,
                         did_you_mean(name, scope.known, "$")));
    }
}

void Checker::check_secret(const CheckOptions& options, const Instruction& instruction,
                           const std::string& name) {
  if (names_secret(name))
    report(options, "SecretsUsedInArgOrEnv", instruction.span,
           fmt::format("Do not use ARG or ENV instructions for sensitive data ({} {})",
                       keyword_of(instruction), go_quote(name)));
}

void Checker::check_instruction(const Instruction& instruction, const std::vector<Names>& words,
                                const Scope& scope, StageFacts& facts) {
  const CheckOptions options = with_comments(options_, instruction.comments);
  const std::string keyword = keyword_of(instruction);
  if (const auto* arg = instruction.as<Arg>())
    for (const auto& item : arg->items) check_secret(options, instruction, item.name);
  check_words(options, instruction, words, scope);
  if (keyword == "CMD" || keyword == "ENTRYPOINT" || keyword == "HEALTHCHECK") {
    const auto [previous, is_first] = facts.once.emplace(keyword, instruction.span);
    if (!is_first)
      report(options, "MultipleInstructionsDisallowed", previous->second,
             fmt::format("Multiple {} instructions should not be used in the same stage because "
                         "only the last one will be used",
                         instruction.keyword));
    previous->second = instruction.span;
  }
  const Command* command = instruction.as<Cmd>()          ? &instruction.as<Cmd>()->command
                           : instruction.as<Entrypoint>() ? &instruction.as<Entrypoint>()->command
                                                          : nullptr;
  if (command && command->form != Command::Form::Exec && !scope.has_shell)
    report(options, "JSONArgsRecommended", instruction.span,
           fmt::format("JSON arguments recommended for {} to prevent unintended behavior related "
                       "to OS signals",
                       instruction.keyword));
  const auto check_legacy = [&](const Pair& pair) {
    if (pair.legacy)
      report(options, "LegacyKeyValueFormat", instruction.span,
             fmt::format("\"{0} key=value\" should be used instead of legacy \"{0} key value\" "
                         "format",
                         instruction.keyword));
  };
  if (const auto* env = instruction.as<Env>())
    for (const auto& pair : env->pairs) {
      check_legacy(pair);
      check_secret(options, instruction, pair.key);
    }
  if (const auto* label = instruction.as<Label>())
    for (const auto& pair : label->pairs) check_legacy(pair);
  if (const auto* workdir = instruction.as<Workdir>()) {
    if (!facts.has_workdir && !workdir->path.starts_with('/'))
      report(
          options, "WorkdirRelativePath", instruction.span,
          fmt::format("Relative workdir {} can have unexpected results if the base image changes",
                      go_quote(workdir->path)));
    facts.has_workdir = true;
  }
  if (const auto* expose = instruction.as<Expose>())
    for (const auto& port : expose->ports) check_port(options, instruction, port);
  if (const auto* copy = instruction.as<Copy>(); copy && copy->from.empty())
    check_sources(options, instruction, *copy);
  if (const auto* add = instruction.as<Add>()) check_sources(options, instruction, *add);
}

void Checker::check_port(const CheckOptions& options, const Instruction& instruction,
                         const std::string& port) {
  try {
    const PortSpec spec = parse_port(port);
    if (spec.upper_case)
      report(options, "ExposeProtoCasing", instruction.span,
             fmt::format("Defined protocol '{}' in EXPOSE instruction should be lowercase", port));
    if (spec.has_address)
      report(options, "ExposeInvalidFormat", instruction.span,
             fmt::format("EXPOSE instruction should not define an IP address or host-port mapping, "
                         "found '{}'",
                         port));
  } catch (const Error&) {
    // Not a port at all: the build reports it.
  }
}

void Checker::check_sources(const CheckOptions& options, const Instruction& instruction,
                            const Transfer& transfer) {
  // With exceptions a directory can be excluded and still have content.
  if (!ignore_ || ignore_->has_exceptions()) return;
  for (const auto& source : transfer.sources) {
    if (source.contains("://")) continue;
    const std::string path = clean_path(source);
    const bool is_root = path == "." || path == "/";
    if (is_root ? ignore_->excludes_everything() : ignore_->excludes(path))
      report(options, "CopyIgnoredFile", instruction.span,
             fmt::format("Attempting to {} file {} that is excluded by .dockerignore",
                         instruction.as<Add>() ? "Add" : "Copy", go_quote(path)));
  }
}

}  // namespace slipway::dockerfile

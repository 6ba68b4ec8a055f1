// See rules.h.
#include "dockerfile/rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/scan.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {
namespace {

const Rule* find_rule(std::string_view name) {
  for (const auto& rule : check_rules())
    if (rule.name == name) return &rule;
  return nullptr;
}

}  // namespace

// Descriptions are those of BuildKit: programs show and compare them.
const std::vector<Rule>& check_rules() {
  static const std::vector<Rule> kRules = {
      {"ConsistentInstructionCasing",
       "All commands within the Dockerfile should use the same casing (either upper or lower)"},
      {"CopyIgnoredFile", "Attempting to Copy file that is excluded by .dockerignore"},
      {"DuplicateStageName", "Stage names should be unique"},
      {"ExposeInvalidFormat",
       "IP address and host-port mapping should not be used in EXPOSE instruction. This will "
       "become an error in a future release"},
      {"ExposeProtoCasing", "Protocol in EXPOSE instruction should be lowercase"},
      {"FromAsCasing", "The 'as' keyword should match the case of the 'from' keyword"},
      {"FromPlatformFlagConstDisallowed", "FROM --platform flag should not use a constant value"},
      {"InvalidBaseImagePlatform", "Base image platform does not match expected target platform"},
      {"InvalidDefaultArgInFrom",
       "Default value for global ARG results in an empty or invalid base image name"},
      {"InvalidDefinitionDescription",
       "Comment for build stage or argument should follow the format: `# <arg/stage name> "
       "<description>`. If this is not intended to be a description comment, add an empty line or "
       "comment between the instruction and the comment.",
       true},
      {"JSONArgsRecommended",
       "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS "
       "signals"},
      {"LegacyKeyValueFormat",
       "Legacy key/value format with whitespace separator should not be used"},
      {"MaintainerDeprecated",
       "The MAINTAINER instruction is deprecated, use a label instead to define an image author"},
      {"MultipleInstructionsDisallowed",
       "Multiple instructions of the same type should not be used in the same stage"},
      {"NoEmptyContinuation", "Empty continuation lines will become errors in a future release"},
      {"RedundantTargetPlatform",
       "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default "
       "behavior"},
      {"ReservedStageName", "Reserved words should not be used as stage names"},
      {"SecretsUsedInArgOrEnv", "Sensitive data should not be used in the ARG or ENV commands"},
      {"StageNameCasing", "Stage names should be lowercase"},
      {"UndefinedArgInFrom", "FROM command must use declared ARGs"},
      {"UndefinedVar", "Variables should be defined before their use"},
      {"WorkdirRelativePath",
       "Relative workdir without an absolute workdir declared within the build can have unexpected "
       "results if the base image changes"},
  };
  return kRules;
}

std::string_view rule_description(std::string_view rule) {
  const Rule* found = find_rule(rule);
  return found ? found->description : std::string_view();
}

std::string rule_page(std::string_view rule) {
  // A capital letter begins a word; of several in a row the last one does: "JSONArgs" ->
  // "json-args".
  std::string page = "docs/rules/";
  const auto is_capital = [&](size_t at) {
    return at < rule.size() && rule[at] >= 'A' && rule[at] <= 'Z';
  };
  for (size_t i = 0; i < rule.size(); ++i) {
    if (i > 0 && is_capital(i) &&
        (!is_capital(i - 1) || (i + 1 < rule.size() && !is_capital(i + 1))))
      page += '-';
    page += to_lower(rule.substr(i, 1));
  }
  return page + ".md";
}

bool CheckOptions::wants(std::string_view rule) const {
  if (const Rule* known = find_rule(rule); known && known->experimental)
    return experimental_all || experimental.contains(rule);
  return !skip_all && !skip.contains(rule);
}

CheckOptions parse_check_options(std::string_view text) {
  CheckOptions options;
  if (trim(text).empty()) return options;
  // At most three parts, as BuildKit has it: the third one keeps further semicolons.
  std::vector<std::string> parts = split(text, ';');
  for (size_t i = 3; i < parts.size(); ++i) parts[2] += ";" + parts[i];
  if (parts.size() > 3) parts.resize(3);
  for (const auto& part : parts) {
    const size_t equals = part.find('=');
    const std::string key(trim(std::string_view(part).substr(0, equals)));
    const std::string value(equals == part.npos ? ""
                                                : trim(std::string_view(part).substr(equals + 1)));
    const auto read_rules = [&](bool& all, std::set<std::string, std::less<>>& names) {
      if (value == "all") {
        all = true;
        return;
      }
      for (const auto& name : split(value, ',')) names.emplace(trim(name));
    };
    if (equals != part.npos && key == "skip") {
      read_rules(options.skip_all, options.skip);
    } else if (equals != part.npos && key == "experimental") {
      read_rules(options.experimental_all, options.experimental);
    } else if (equals != part.npos && key == "error") {
      const auto parsed = parse_bool(value);
      if (!parsed)
        throw Error(fmt::format("invalid value {} for the check option error", shown(value)), {},
                    "write true or false");
      options.error = *parsed;
    } else {
      throw Error(fmt::format("invalid check option {}", shown(trim(part))), {},
                  "write skip=RULE,RULE or skip=all, error=true, experimental=RULE, joined by ;");
    }
  }
  return options;
}

CheckOptions check_options(const Dockerfile& file,
                           const std::map<std::string, std::string>& build_args) {
  const auto it = build_args.find("BUILDKIT_DOCKERFILE_CHECK");
  if (it != build_args.end()) return parse_check_options(it->second);
  try {
    // A blank ends the directive.
    const std::string text = file.directives.check.value_or("");
    return parse_check_options(std::string_view(text).substr(0, text.find(' ')));
  } catch (const Error& error) {
    const int line = std::max(file.directives.check_line, 1);
    throw error_at(file, {line, 1, line}, error.message(), error.hint());
  }
}

CheckOptions with_comments(const CheckOptions& options, const std::vector<std::string>& comments) {
  for (const auto& comment : comments) {
    const size_t equals = comment.find('=');
    if (equals == comment.npos ||
        to_lower(trim(std::string_view(comment).substr(0, equals))) != "check")
      continue;
    CheckOptions merged = options;
    try {
      const std::string_view value = trim(std::string_view(comment).substr(equals + 1));
      CheckOptions own = parse_check_options(value.substr(0, value.find(' ')));
      merged.skip_all |= own.skip_all;
      merged.experimental_all |= own.experimental_all;
      merged.skip.merge(own.skip);
      merged.experimental.merge(own.experimental);
    } catch (const Error&) {
      // A comment that only looks like it.
    }
    return merged;
  }
  return options;
}

}  // namespace slipway::dockerfile

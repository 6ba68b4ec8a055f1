// The list of rules and the grammar of `# check=`.
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/check.h"
#include "dockerfile/scan.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {

const std::vector<Rule>& check_rules() {
  static const std::vector<Rule> kRules = {
      {"ConsistentInstructionCasing", "instructions are written all in upper or all in lower case"},
      {"CopyIgnoredFile", "COPY and ADD do not name files that the ignore file excludes"},
      {"DuplicateStageName", "each stage name is used once"},
      {"ExposeInvalidFormat", "EXPOSE has ports only, no addresses or host ports"},
      {"ExposeProtoCasing", "the protocol in EXPOSE is lower case"},
      {"FromAsCasing", "AS is written in the case of its FROM"},
      {"FromPlatformFlagConstDisallowed", "FROM --platform is a variable, not one fixed platform"},
      {"InvalidBaseImagePlatform", "the base image has the platform that was asked for"},
      {"InvalidDefaultArgInFrom", "FROM names a valid image when no build argument is given"},
      {"InvalidDefinitionDescription", "a comment above ARG or a named FROM begins with the name",
       true},
      {"JSONArgsRecommended",
       "CMD and ENTRYPOINT are JSON arrays, so that signals reach the program"},
      {"LegacyKeyValueFormat", "ENV and LABEL are written key=value"},
      {"MaintainerDeprecated", "a label names the author instead of MAINTAINER"},
      {"MultipleInstructionsDisallowed", "CMD, ENTRYPOINT and HEALTHCHECK stand once in a stage"},
      {"NoEmptyContinuation", "continued lines are not empty"},
      {"RedundantTargetPlatform", "FROM --platform=$TARGETPLATFORM is the default and left out"},
      {"ReservedStageName", "no stage is called scratch or context"},
      {"SecretsUsedInArgOrEnv", "secrets are mounted, not passed in ARG or ENV"},
      {"StageNameCasing", "stage names are lower case"},
      {"UndefinedArgInFrom", "variables in FROM are declared by an ARG before it"},
      {"UndefinedVar", "variables are defined before they are used"},
      {"WorkdirRelativePath", "the first WORKDIR of a build is absolute"},
  };
  return kRules;
}

bool CheckOptions::wants(std::string_view rule) const {
  const auto& rules = check_rules();
  const auto known =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& r) { return r.name == rule; });
  if (known != rules.end() && known->experimental)
    return experimental_all || experimental.contains(rule);
  return !skip_all && !skip.contains(rule);
}

CheckOptions parse_check_options(std::string_view text) {
  CheckOptions options;
  if (trim(text).empty()) return options;
  for (const auto& part : split(text, ';')) {
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

}  // namespace slipway::dockerfile

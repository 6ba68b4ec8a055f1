// The rules, each a few lines over the parsed file. Order of calls does not matter: findings are
// sorted at the end.
#include "dockerfile/check.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/check_from.h"
#include "dockerfile/expand.h"
#include "dockerfile/values.h"

namespace slipway::dockerfile {
namespace {

// What a stage hands on to the stages that are built FROM it.
struct Inherited {
  bool shell = false;    // a SHELL was given
  bool workdir = false;  // a WORKDIR was given
};

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

class Checker {
 public:
  Checker(const Dockerfile& file, const CheckOptions& options, const CheckContext& context)
      : file_(file), options_(options), context_(context), globals_(default_global_args(file)) {
    words_.escape = file.directives.escape;
  }

  std::vector<Diagnostic> run() {
    for (const auto& warning : file_.warnings)
      report(options_, warning.rule, warning.span, warning.message);
    check_casing();
    check_stage_names();
    for (const auto& arg : file_.global_args) check_description(arg);
    for (size_t i = 0; i < file_.stages.size(); ++i) check_stage(i);
    std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
      return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
    });
    return std::move(found_);
  }

 private:
  void report(const CheckOptions& options, std::string_view rule, const Span& span,
              std::string message) {
    if (!options.wants(rule)) return;
    const auto severity =
        options_.error ? Diagnostic::Severity::Error : Diagnostic::Severity::Warning;
    found_.push_back({severity, std::string(rule), span, std::move(message)});
  }
  void report(const Instruction& instruction, std::string_view rule, std::string message) {
    report(options_for(instruction), rule, instruction.span, std::move(message));
  }

  // `# check=skip=...` in the comment above adds to the file's options.
  CheckOptions options_for(const Instruction& instruction) const {
    CheckOptions merged = options_;
    for (const auto& comment : instruction.comments) {
      const size_t equals = comment.find('=');
      if (equals == comment.npos ||
          to_lower(trim(std::string_view(comment).substr(0, equals))) != "check")
        continue;
      try {
        const std::string_view value = trim(std::string_view(comment).substr(equals + 1));
        const CheckOptions own = parse_check_options(value.substr(0, value.find(' ')));
        merged.skip_all |= own.skip_all;
        merged.experimental_all |= own.experimental_all;
        merged.skip.insert(own.skip.begin(), own.skip.end());
        merged.experimental.insert(own.experimental.begin(), own.experimental.end());
      } catch (const Error&) {
        // A comment that only looks like it.
      }
      break;
    }
    return merged;
  }

  template <class Function>
  void for_each_instruction(Function function) const {
    for (const auto& stage : file_.stages) {
      function(stage.head);
      for (const auto& instruction : stage.instructions) function(instruction);
    }
  }

  void check_casing() {
    int lower = 0, upper = 0;
    for_each_instruction([&](const Instruction& i) {
      lower += is_lower(i.keyword);
      upper += is_upper(i.keyword);
    });
    const bool want_lower = lower > upper;
    for_each_instruction([&](const Instruction& i) {
      if (want_lower ? is_lower(i.keyword) : is_upper(i.keyword)) return;
      report(options_, "ConsistentInstructionCasing", i.span,
             fmt::format("{} should be in {} case like most instructions of this file", i.keyword,
                         want_lower ? "lower" : "upper"));
    });
  }

  void check_stage_names() {
    std::map<std::string, int> first_line;
    for (const auto& stage : file_.stages) {
      const std::string& name = stage.name();
      if (name.empty()) continue;
      if (name == "scratch" || name == "context")
        report(options_, "ReservedStageName", stage.head.span,
               fmt::format("the stage name {} is a reserved word", name));
      const auto [it, is_new] = first_line.emplace(name, stage.head.span.line);
      if (!is_new)
        report(options_, "DuplicateStageName", stage.head.span,
               fmt::format("the stage name {} is already that of line {}", name, it->second));
    }
  }

  void check_stage(size_t index) {
    const Stage& stage = file_.stages[index];
    check_from_line(stage);
    Inherited state;
    for (size_t base = index; base-- > 0;) {
      if (file_.stages[base].name().empty() || file_.stages[base].name() != stage.from().image)
        continue;
      state = inherited_[base];
      break;
    }
    const bool reachable = context_.reachable.empty() || context_.reachable.at(index);
    std::map<std::string, const Instruction*> once;
    for (const auto& instruction : stage.instructions) {
      check_always(instruction);
      if (reachable) check_instruction(instruction, state, once);
      state.shell |= instruction.as<Shell>() != nullptr;
      state.workdir |= instruction.as<Workdir>() != nullptr;
    }
    inherited_.push_back(state);
  }

  void check_from_line(const Stage& stage) {
    const From& from = stage.from();
    const Instruction& head = stage.head;
    if (!is_lower(from.as_written))
      report(head, "StageNameCasing",
             fmt::format("the stage name {} should be lower case", from.as_written));
    const bool lower = is_lower(head.keyword), upper = is_upper(head.keyword);
    if (!from.as_keyword.empty() && (lower || upper) &&
        !(lower ? is_lower(from.as_keyword) : is_upper(from.as_keyword)))
      report(head, "FromAsCasing",
             fmt::format("{} and {} should be in the same case", from.as_keyword, head.keyword));
    if (!from.name.empty()) check_description(head);

    const auto expanded = [&](const std::string& text, Names& names) -> std::optional<std::string> {
      try {
        return expand_word(text, globals_, words_, &names);
      } catch (const Error&) {
        return std::nullopt;  // the build reports it
      }
    };
    Names image_names, platform_names;
    const auto image = expanded(from.image, image_names);
    if (image && !is_image_name(*image))
      report(options_, "InvalidDefaultArgInFrom", head.span,
             fmt::format("with the defaults of its ARGs, {} is no valid image name", from.image));
    const auto platform = expanded(from.platform, platform_names);
    std::set<std::string> unset = image_names.unset;
    unset.insert(platform_names.unset.begin(), platform_names.unset.end());
    for (const auto& name : unset) report(head, "UndefinedArgInFrom", undeclared(name));
    if (from.platform.empty() || !platform) return;
    if (platform_names.used == std::set<std::string>{"TARGETPLATFORM"} &&
        platform_names.unset.empty() && *platform == globals_("TARGETPLATFORM"))
      report(head, "RedundantTargetPlatform",
             fmt::format("--platform={} is what FROM does anyway", from.platform));
    if (platform_names.used.empty() && platform_names.unset.empty() &&
        !names_platform(stage.name(), *platform))
      report(head, "FromPlatformFlagConstDisallowed",
             fmt::format("--platform={} is the same for every build", *platform));
  }

  std::string undeclared(const std::string& name) const {
    std::vector<std::string> known = {"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
                                      "BUILDPLATFORM",  "BUILDOS",  "BUILDARCH",  "BUILDVARIANT"};
    for (const auto& arg : file_.global_args)
      for (const auto& item : arg.as<Arg>()->items) known.push_back(item.name);
    const auto near = closest(name, known);
    return fmt::format("no ARG before the first FROM declares {}{}", name,
                       near ? fmt::format(" (did you mean {}?)", *near) : "");
  }

  void check_description(const Instruction& instruction) {
    if (instruction.comments.empty()) return;
    std::vector<std::string> names;
    if (const auto* from = instruction.as<From>()) names.push_back(from->name);
    if (const auto* arg = instruction.as<Arg>())
      for (const auto& item : arg->items) names.push_back(item.name);
    const std::string& last = instruction.comments.back();
    if (std::find(names.begin(), names.end(), last.substr(0, last.find(' '))) != names.end())
      return;
    report(instruction, "InvalidDefinitionDescription",
           fmt::format("a comment above {} should be \"# {} description\"", keyword_of(instruction),
                       names.size() == 1 ? names.front() : "name"));
  }

  // Rules that hold in stages that are not built, too.
  void check_always(const Instruction& instruction) {
    if (instruction.as<Maintainer>())
      report(instruction, "MaintainerDeprecated",
             "MAINTAINER is deprecated; write LABEL org.opencontainers.image.authors=...");
    if (instruction.as<Arg>()) check_description(instruction);
  }

  void check_instruction(const Instruction& instruction, const Inherited& state,
                         std::map<std::string, const Instruction*>& once) {
    const std::string keyword = keyword_of(instruction);
    if (keyword == "CMD" || keyword == "ENTRYPOINT" || keyword == "HEALTHCHECK") {
      const Instruction*& previous = once[keyword];
      if (previous)
        report(options_for(instruction), "MultipleInstructionsDisallowed", previous->span,
               fmt::format("this {} has no effect, line {} replaces it", keyword,
                           instruction.span.line));
      previous = &instruction;
    }
    const Command* command = instruction.as<Cmd>()          ? &instruction.as<Cmd>()->command
                             : instruction.as<Entrypoint>() ? &instruction.as<Entrypoint>()->command
                                                            : nullptr;
    if (command && command->form != Command::Form::Exec && !state.shell)
      report(instruction, "JSONArgsRecommended",
             fmt::format("write {} as a JSON array: the shell of the other form keeps signals from "
                         "the program",
                         keyword));
    if (const auto* workdir = instruction.as<Workdir>())
      check_workdir(instruction, *workdir, state);
    if (const auto* env = instruction.as<Env>()) check_pairs(instruction, env->pairs, true);
    if (const auto* label = instruction.as<Label>()) check_pairs(instruction, label->pairs, false);
    if (const auto* arg = instruction.as<Arg>())
      for (const auto& item : arg->items) check_secret(instruction, item.name);
    if (const auto* expose = instruction.as<Expose>())
      for (const auto& port : expose->ports) check_port(instruction, port);
    if (const auto* copy = instruction.as<Copy>(); copy && copy->from.empty())
      check_sources(instruction, *copy);
    if (const auto* add = instruction.as<Add>()) check_sources(instruction, *add);
  }

  void check_workdir(const Instruction& instruction, const Workdir& workdir,
                     const Inherited& state) {
    // What a variable in front stands for is not known here.
    if (state.workdir || workdir.path.find('$') <= 1) return;
    const std::string_view path = workdir.path;
    if (path.starts_with('/') || path.starts_with("\"/") || path.starts_with("'/")) return;
    report(instruction, "WorkdirRelativePath",
           fmt::format("the path {} depends on the base image; make the first WORKDIR absolute",
                       workdir.path));
  }

  void check_pairs(const Instruction& instruction, const std::vector<Pair>& pairs, bool is_env) {
    const std::string keyword = keyword_of(instruction);
    for (const auto& pair : pairs) {
      if (pair.legacy)
        report(instruction, "LegacyKeyValueFormat",
               fmt::format("write {0} {1}=value instead of {0} {1} value", keyword, pair.key));
      if (is_env) check_secret(instruction, pair.key);
    }
  }

  void check_secret(const Instruction& instruction, const std::string& name) {
    if (names_secret(name))
      report(instruction, "SecretsUsedInArgOrEnv",
             fmt::format("{} {} would keep a secret in the image; use RUN --mount=type=secret",
                         keyword_of(instruction), name));
  }

  void check_port(const Instruction& instruction, const std::string& port) {
    if (port.contains('$')) return;
    try {
      for (const auto& word : expand_words(port, {}, words_)) {
        const PortSpec spec = parse_port(word);
        if (spec.upper_case)
          report(instruction, "ExposeProtoCasing",
                 fmt::format("the protocol in {} should be lower case", word));
        if (spec.has_address)
          report(instruction, "ExposeInvalidFormat",
                 fmt::format("EXPOSE takes no address or host port: {}", word));
      }
    } catch (const Error&) {
      // Not a port at all: the build reports it.
    }
  }

  void check_sources(const Instruction& instruction, const Transfer& transfer) {
    // With exceptions a directory can be excluded and still have content.
    if (!context_.ignore || context_.ignore->has_exceptions()) return;
    for (const auto& source : transfer.sources) {
      if (source.contains('$') || source.contains("://")) continue;
      std::string path = clean_path(source);
      if (path.starts_with('/')) path.erase(0, 1);
      const bool is_root = path.empty() || path == ".";
      const bool excluded =
          is_root ? context_.ignore->excludes_everything() : context_.ignore->excludes(path);
      if (excluded)
        report(instruction, "CopyIgnoredFile", fmt::format("the ignore file excludes {}", source));
    }
  }

  const Dockerfile& file_;
  const CheckOptions& options_;
  const CheckContext& context_;
  const Lookup globals_;
  ExpandOptions words_;
  std::vector<Inherited> inherited_;  // by stage
  std::vector<Diagnostic> found_;
};

}  // namespace

std::vector<Diagnostic> check(const Dockerfile& file, const CheckOptions& options,
                              const CheckContext& context) {
  return Checker(file, options, context).run();
}

}  // namespace slipway::dockerfile

// The meaning of each condition.
#include "twins/decide.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::twins {
namespace {

bool matches(const std::string& text, const std::regex& pattern) { return std::regex_search(text, pattern); }

/// The text that a shell runs: after -c, or of its script.
std::optional<std::string> text_of(const exec::Execution& execution, const Surroundings& surroundings) {
  const auto& argv = execution.argv;
  for (size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (!word.starts_with('-') && !word.starts_with('+')) return surroundings.text(word);
    if (word == "--" || word.starts_with("--")) return std::nullopt;
    // Options of a shell may be joined ("-ec"); -o and -O take a word.
    if (word.contains('o') || word.contains('O')) ++i;
    if (word.contains('s')) return std::nullopt;
    if (word.starts_with('-') && word.contains('c')) {
      const size_t at = i + 1;
      // More options may stand between.
      if (at >= argv.size() || argv[at].starts_with('-')) return std::nullopt;
      return argv[at];
    }
  }
  return std::nullopt;
}

}  // namespace

bool has_doubtful_environment(const exec::Execution& execution) {
  return std::ranges::any_of(execution.env, [](const std::string& variable) {
    return variable.starts_with("LD_") || variable.starts_with("QEMU_") || variable.starts_with("GLIBC_TUNABLES=") ||
           variable.starts_with("GCONV_PATH=");
  });
}

bool may_look_at_itself(const exec::Execution& execution) {
  return std::ranges::any_of(execution.argv, [&](const std::string& word) {
    return word.contains("/proc/") || word.ends_with("/proc") || (word.contains("proc") && execution.working_directory == "/") ||
           execution.working_directory.starts_with("/proc");
  });
}

std::string script_of(const exec::Execution& execution) {
  for (size_t i = 1; i < execution.argv.size(); ++i) {
    const std::string& word = execution.argv[i];
    if (!word.starts_with('-')) return word;
    // A program text or module instead of a script, or input.
    if (word == "-" || word == "--" || word.contains('e') || word.contains('c') || word.contains('m') ||
        word.contains('M') || word.contains('x'))
      return {};
  }
  return {};
}

bool holds(const Condition& condition, const exec::Execution& execution, const Surroundings& surroundings) {
  using Kind = Condition::Kind;
  const auto is_match = [&](const std::string& text) { return matches(text, condition.pattern); };
  switch (condition.kind) {
    case Kind::NoArgument:
      return std::none_of(execution.argv.begin() + (execution.argv.empty() ? 0 : 1), execution.argv.end(), is_match);
    case Kind::Line: {
      if (execution.argv.empty()) return false;
      const std::vector<std::string> words(execution.argv.begin() + 1, execution.argv.end());
      return is_match(join(words, " "));
    }
    case Kind::NoVariable:
      return std::ranges::none_of(execution.env, is_match);
    case Kind::NoText: {
      const auto text = text_of(execution, surroundings);
      return text && !is_match(*text);
    }
    case Kind::ScriptOf: {
      const std::string script = script_of(execution);
      if (script.empty()) return false;
      const auto owner = surroundings.owner(script);
      return owner && std::ranges::find(condition.packages, *owner) != condition.packages.end();
    }
  }
  return false;
}

bool hold(const Rule& rule, const exec::Execution& execution, const Surroundings& surroundings) {
  return std::ranges::all_of(rule.conditions,
                             [&](const Condition& condition) { return holds(condition, execution, surroundings); });
}

}  // namespace slipway::twins

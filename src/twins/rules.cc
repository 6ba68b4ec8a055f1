// Reading the table, line by line.
#include "twins/rules.h"

#include <fnmatch.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace slipway {
extern const unsigned char twin_rules_bytes[];
extern const std::size_t twin_rules_bytes_size;
}  // namespace slipway

namespace slipway::twins {
namespace {

constexpr size_t kColumns = 6;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  for (auto& word : split(text, ' '))
    if (!trim(word).empty()) out.emplace_back(trim(word));
  return out;
}

/// Columns are separated by " | ", so that "|" can stand in a pattern.
std::vector<std::string> columns(std::string_view line) {
  std::vector<std::string> out;
  size_t begin = 0;
  while (true) {
    const size_t end = out.size() + 1 < kColumns ? line.find(" | ", begin) : line.npos;
    out.emplace_back(trim(line.substr(begin, end == line.npos ? line.npos : end - begin)));
    if (end == line.npos) return out;
    begin = end + 2;  // the blank after it may be the one before the next
  }
}

Condition parse_condition(std::string_view text, const std::string& where) {
  static constexpr std::array<std::pair<std::string_view, Condition::Kind>, 5> kinds = {
      {{"no-arg", Condition::Kind::NoArgument},
       {"line", Condition::Kind::Line},
       {"no-env", Condition::Kind::NoVariable},
       {"no-text", Condition::Kind::NoText},
       {"script-of", Condition::Kind::ScriptOf}}};
  const size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  const auto kind = std::ranges::find(kinds, word, &std::pair<std::string_view, Condition::Kind>::first);
  if (kind == kinds.end() || blank == text.npos)
    throw Error(fmt::format("\"{}\" is no condition", text), where, "no-arg, line, no-env, no-text or script-of, and what for");
  Condition out;
  out.kind = kind->second;
  const std::string rest(trim(text.substr(blank)));
  if (out.kind == Condition::Kind::ScriptOf) {
    out.packages = words(rest);
    return out;
  }
  try {
    out.pattern.assign(rest, std::regex::extended | std::regex::optimize);
  } catch (const std::regex_error& error) {
    throw Error(fmt::format("\"{}\" is no regular expression: {}", rest, error.what()), where);
  }
  return out;
}

}  // namespace

std::vector<Rule> parse_rules(std::string_view text, const std::string& name) {
  std::vector<Rule> rules;
  int number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    if (trim(line).empty() || line.starts_with('#')) continue;
    const std::string where = fmt::format("{}:{}", name, number);
    const auto cells = columns(line);
    if (cells.size() != kColumns) throw Error(fmt::format("a rule has {} columns", kColumns), where);
    Rule rule;
    rule.line = number;
    if (cells[0] != "exact" && cells[0] != "fast") throw Error(fmt::format("\"{}\" is neither exact nor fast", cells[0]), where);
    rule.grade = cells[0] == "fast" ? Grade::Fast : Grade::Exact;
    rule.package = cells[1];
    for (const auto& file : words(cells[2]))
      if (file.starts_with('!'))
        rule.not_files.push_back(file.substr(1));
      else
        rule.files.push_back(file);
    size_t begin = 0;
    while (begin < cells[3].size()) {
      const size_t end = std::min(cells[3].find(" ; ", begin), cells[3].size());
      rule.conditions.push_back(parse_condition(trim(std::string_view(cells[3]).substr(begin, end - begin)), where));
      begin = end + 3;
    }
    if (cells[4] == "arch")
      rule.change = Change::Arch;
    else if (cells[4] == "goarch")
      rule.change = Change::GoArch;
    else if (!cells[4].empty())
      throw Error(fmt::format("\"{}\" is no change", cells[4]), where, "arch, goarch, or nothing");
    rule.reason = cells[5];
    if (rule.package.empty() || rule.files.empty() || rule.reason.empty())
      throw Error("a rule needs a package, files and a reason", where);
    rules.push_back(std::move(rule));
  }
  return rules;
}

const std::vector<Rule>& built_in_rules() {
  static const std::vector<Rule> rules =
      parse_rules({reinterpret_cast<const char*>(twin_rules_bytes), twin_rules_bytes_size}, "rules.txt");
  return rules;
}

std::vector<const Rule*> find_rules(const std::vector<Rule>& rules, Grade grade, std::string_view package,
                                    const std::string& file) {
  std::vector<const Rule*> out;
  const auto matches = [&](const std::string& pattern) { return ::fnmatch(pattern.c_str(), file.c_str(), FNM_PATHNAME) == 0; };
  for (const auto& rule : rules) {
    if (rule.package != package || static_cast<int>(rule.grade) > static_cast<int>(grade)) continue;
    if (std::ranges::any_of(rule.files, matches) && std::ranges::none_of(rule.not_files, matches)) out.push_back(&rule);
  }
  return out;
}

}  // namespace slipway::twins

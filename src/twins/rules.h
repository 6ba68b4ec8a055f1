// The table of rules.txt, parsed: which programs may run natively, under which conditions, with what change.
#pragma once

#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "twins/grade.h"

namespace slipway::twins {

enum class Change { None, Arch, GoArch };

struct Condition {
  enum class Kind { NoArgument, Line, NoVariable, NoText, ScriptOf } kind = Kind::NoArgument;
  std::regex pattern;
  std::vector<std::string> packages;  // of ScriptOf
};

struct Rule {
  Grade grade = Grade::Exact;
  std::string package;
  std::vector<std::string> files, not_files;  // patterns of fnmatch(3)
  std::vector<Condition> conditions;
  Change change = Change::None;
  std::string reason;
  int line = 0;
};

/// Throws Error with the line of the mistake.
std::vector<Rule> parse_rules(std::string_view text, const std::string& name);

/// The rules that travel with the program.
const std::vector<Rule>& built_in_rules();

/// The rules up to `grade` for the file of the package, in order.
std::vector<const Rule*> find_rules(const std::vector<Rule>& rules, Grade grade, std::string_view package,
                                    const std::string& file);

}  // namespace slipway::twins

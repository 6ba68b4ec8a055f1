// Functions of regular expressions, with RE2: the language that buildx has, and time that grows with the text alone.
#include <re2/re2.h>

#include <fmt/core.h>

#include "base/error.h"
#include "bake/functions.h"

namespace slipway::bake {
namespace {

void check(const re2::RE2& regex) {
  if (!regex.ok()) throw Error(fmt::format("this regular expression is wrong: {}", regex.error()));
}

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

/// A match as cty gives it: the text, or without names of its groups their list, or with names an object.
Value match_value(const re2::RE2& regex, const std::vector<re2::StringPiece>& groups) {
  const auto text = [](const re2::StringPiece& piece) { return piece.data() ? Value(std::string(piece)) : Value(); };
  if (groups.size() == 1) return text(groups[0]);
  const auto& names = regex.CapturingGroupNames();
  if (names.empty()) {
    List out;
    for (size_t i = 1; i < groups.size(); ++i) out.push_back(text(groups[i]));
    return out;
  }
  if (names.size() + 1 != groups.size()) throw Error("either all groups of a regular expression have names, or none");
  Object out;
  for (const auto& [number, name] : names) out[name] = text(groups[static_cast<size_t>(number)]);
  return out;
}

Value regex(const Args& a) {
  const re2::RE2 regex(a.text(0), quiet());
  check(regex);
  const std::string text = a.text(1);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  if (!regex.Match(text, 0, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size())))
    throw Error("the regular expression does not match", {}, "ask with can(regex(...)) first");
  return match_value(regex, groups);
}

Value regexall(const Args& a) {
  const re2::RE2 regex(a.text(0), quiet());
  check(regex);
  const std::string text = a.text(1);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  List out;
  for (size_t at = 0; at <= text.size() && regex.Match(text, at, text.size(), re2::RE2::UNANCHORED, groups.data(),
                                                       static_cast<int>(groups.size()));) {
    out.push_back(match_value(regex, groups));
    const size_t end = static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size();
    at = groups[0].empty() ? end + 1 : end;
  }
  return out;
}

/// $1, ${1}, $name and ${name} of a replacement.
std::string expanded(const std::string& replacement, const re2::RE2& regex, const std::vector<re2::StringPiece>& groups) {
  std::string out;
  const auto is_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
  for (size_t at = 0; at < replacement.size(); ++at) {
    if (replacement[at] != '$' || at + 1 >= replacement.size()) {
      out += replacement[at];
      continue;
    }
    if (replacement[at + 1] == '$') {
      out += replacement[++at];
      continue;
    }
    const bool has_braces = replacement[at + 1] == '{';
    const size_t begin = at + 1 + has_braces;
    size_t end = begin;
    while (end < replacement.size() && is_name(replacement[end])) ++end;
    if (end == begin || (has_braces && (end >= replacement.size() || replacement[end] != '}'))) {
      out += '$';
      continue;
    }
    const std::string name = replacement.substr(begin, end - begin);
    at = has_braces ? end : end - 1;
    size_t number = groups.size();
    if (std::isdigit(static_cast<unsigned char>(name[0]))) number = name.size() < 4 ? static_cast<size_t>(std::stoi(name)) : number;
    else if (const auto it = regex.NamedCapturingGroups().find(name); it != regex.NamedCapturingGroups().end())
      number = static_cast<size_t>(it->second);
    if (number < groups.size()) out += std::string(groups[number]);
  }
  return out;
}

Value regex_replace(const Args& a) {
  const re2::RE2 regex(a.text(1), quiet());
  check(regex);
  const std::string text = a.text(0), replacement = a.text(2);
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  std::string out;
  size_t at = 0, copied = 0;
  while (at <= text.size() &&
         regex.Match(text, at, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()))) {
    const size_t begin = static_cast<size_t>(groups[0].data() - text.data()), end = begin + groups[0].size();
    out.append(text, copied, begin - copied);
    out += expanded(replacement, regex, groups);
    copied = end;
    at = groups[0].empty() ? end + 1 : end;
  }
  return copied < text.size() ? out.append(text, copied) : out;
}

constexpr Function kFunctions[] = {
    {"regex", 2, 2, regex},
    {"regex_replace", 3, 3, regex_replace},
    {"regexall", 2, 2, regexall},
};

}  // namespace

std::span<const Function> regex_functions() { return kFunctions; }

}  // namespace slipway::bake

// semvercmp(): does a version satisfy a constraint such as ">= 1.2, < 2 || ~3.1"?
#include <algorithm>
#include <array>
#include <cctype>
#include <compare>

#include <fmt/core.h>

#include "base/error.h"
#include "base/text.h"
#include "bake/functions.h"

namespace slipway::bake {
namespace {

struct Version {
  std::array<uint64_t, 3> numbers{};
  int given = 3;  // how many of them were written, wildcards not counted
  std::vector<std::string> before;  // what stands behind "-": a version before this one
};

bool is_wildcard(const std::string& part) { return part == "x" || part == "X" || part == "*"; }

Version parse_version(const std::string& text, bool may_have_wildcards) {
  const auto refuse = [&] { return Error(fmt::format("\"{}\" is no version", text), {}, "write it like 1.2.3 or v1.2"); };
  std::string rest = text.substr(text.starts_with('v') ? 1 : 0);
  rest = rest.substr(0, rest.find('+'));
  Version out;
  if (const size_t dash = rest.find('-'); dash != rest.npos) {
    out.before = split(rest.substr(dash + 1), '.');
    for (const auto& part : out.before)
      if (part.empty()) throw refuse();
    rest = rest.substr(0, dash);
  }
  const auto parts = split(rest, '.');
  if (parts.empty() || parts.size() > 3) throw refuse();
  out.given = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (may_have_wildcards && is_wildcard(parts[i])) break;
    const auto number = parse_u64(parts[i]);
    if (!number) throw refuse();
    out.numbers[i] = *number;
    ++out.given;
  }
  return out;
}

std::strong_ordering compare_parts(const std::string& a, const std::string& b) {
  const auto x = parse_u64(a), y = parse_u64(b);
  if (x && y) return *x <=> *y;
  if (x || y) return x ? std::strong_ordering::less : std::strong_ordering::greater;
  return a <=> b;
}

std::strong_ordering compare(const Version& a, const Version& b) {
  if (const auto order = a.numbers <=> b.numbers; order != 0) return order;
  if (a.before.empty() || b.before.empty()) return a.before.empty() <=> b.before.empty();
  for (size_t i = 0; i < std::min(a.before.size(), b.before.size()); ++i)
    if (const auto order = compare_parts(a.before[i], b.before[i]); order != 0) return order;
  return a.before.size() <=> b.before.size();
}

/// The first version that differs in number `i`, counted up.
Version next(const Version& v, int i) {
  Version out;
  for (int k = 0; k < i; ++k) out.numbers[static_cast<size_t>(k)] = v.numbers[static_cast<size_t>(k)];
  out.numbers[static_cast<size_t>(i)] = v.numbers[static_cast<size_t>(i)] + 1;
  return out;
}

bool in_range(const Version& v, const Version& from, const Version& to) {
  return compare(v, from) >= 0 && compare(v, to) < 0;
}

bool holds(const std::string& op, const Version& wanted, const Version& v) {
  // A version before another is only meant where the constraint names one, too.
  if (!v.before.empty() && wanted.before.empty()) return false;
  const bool is_partial = wanted.given < 3;
  const auto order = compare(v, wanted);
  if (op == "=" || op.empty()) {
    if (wanted.given == 0) return true;
    return is_partial ? in_range(v, wanted, next(wanted, wanted.given - 1)) : order == 0;
  }
  if (op == "!=") return is_partial && wanted.given > 0 ? !in_range(v, wanted, next(wanted, wanted.given - 1)) : order != 0;
  if (op == ">") return is_partial && wanted.given > 0 ? compare(v, next(wanted, wanted.given - 1)) >= 0 : order > 0;
  if (op == ">=") return order >= 0;
  if (op == "<") return order < 0;
  if (op == "<=") return is_partial && wanted.given > 0 ? compare(v, next(wanted, wanted.given - 1)) < 0 : order <= 0;
  if (wanted.given == 0) return true;
  if (op == "~") return in_range(v, wanted, next(wanted, wanted.given == 1 ? 0 : 1));
  // ^: nothing changes left of the first number that is not zero.
  int first = 0;
  while (first < wanted.given - 1 && wanted.numbers[static_cast<size_t>(first)] == 0) ++first;
  return in_range(v, wanted, next(wanted, first));
}

/// The constraints between "||", each with an operator and a version.
bool satisfies(const std::string& text, const Version& v) {
  bool any = false;
  for (std::string part : split(text, '|')) {
    if (trim(part).empty() && text.contains("||")) continue;  // between the two bars
    if (const size_t dash = part.find(" - "); dash != part.npos) part = ">=" + part.substr(0, dash) + " <=" + part.substr(dash + 3);
    bool all = true;
    size_t count = 0;
    for (size_t at = 0; at < part.size();) {
      if (std::isspace(static_cast<unsigned char>(part[at])) || part[at] == ',') {
        ++at;
        continue;
      }
      const size_t op_end = std::min(part.find_first_not_of("=<>!~^", at), part.size());
      std::string op = part.substr(at, op_end - at);
      if (op == "=>") op = ">=";
      if (op == "=<") op = "<=";
      if (op == "~>") op = "~";
      static constexpr std::array<std::string_view, 9> kKnown = {"", "=", "!=", ">", ">=", "<", "<=", "~", "^"};
      if (std::ranges::find(kKnown, op) == kKnown.end()) throw Error(fmt::format("\"{}\" is no operator of versions", op));
      const size_t begin = std::min(part.find_first_not_of(" ", op_end), part.size());
      const size_t end = std::min(part.find_first_of(" ,", begin), part.size());
      all = holds(op, parse_version(part.substr(begin, end - begin), true), v) && all;
      ++count;
      at = end;
    }
    if (count == 0) throw Error(fmt::format("\"{}\" is no constraint", text), {}, "write it like \">= 1.2, < 2\"");
    any = any || all;
  }
  return any;
}

Value semvercmp(const Args& a) { return satisfies(a.text(1), parse_version(a.text(0), false)); }

constexpr Function kFunctions[] = {{"semvercmp", 2, 2, semvercmp}};

}  // namespace

std::span<const Function> version_functions() { return kFunctions; }

}  // namespace slipway::bake
